"""`python -m reference` writes docs/reference.md and docs/metrics-prometheus.md; `--check` fails where one is stale."""

import ast
import inspect
import itertools
import sys
from dataclasses import fields
from pathlib import Path

from modelward import settings
from modelward.decide.guards import GUARDS
from modelward.domain.reasons import Reason
from modelward.logbook import FIELDS
from modelward.settings import PREFIX, Settings
from reference import prometheus
from reference.tables import make_table

LOG_LINES = """\
With `MODELWARD_LOG_FORMAT` json, each line is one object with `time`, `level`, `logger`, `message`, and `traceback`
where there is one. Each decision (a verdict on a version, or a rollback that was asked for) is one line that has these
fields as well; it is DEBUG where it says nothing new, else INFO. Numbers are those of status, null where undefined."""
DOCS = Path(__file__).parent.parent.parent / "docs"


def render() -> str:
    """Write the whole page."""
    parts = [
        "# Reference\n\nMade from the source by `make reference`. The resource's fields: `kubectl explain mdl`.",
        "## Guards\n\nIn this order; `Verdict` keeps those marked. Each one that speaks is listed in `status.holds`.",
        make_table(("guard", "speaks when", "with actOn: Verdict"), _guards()),
        "## Reasons\n\nIn status, conditions and Events.",
        make_table(("reason", "meaning"), [(f"`{r.value}`", r.meaning) for r in sorted(Reason)]),
        "## Settings of the operator\n\nEnvironment variables; the chart sets them.",
        make_table(("variable", "default", "meaning"), _settings()),
        f"## Log lines\n\n{LOG_LINES}",
        make_table(("field", "meaning"), [(f"`{key.replace(', ', '`, `')}`", said) for key, said in FIELDS.items()]),
    ]
    return "\n\n".join(parts) + "\n"


def _guards() -> list[tuple[str, ...]]:
    return [(f"`{g.reason.value}`", g.reason.meaning, "kept" if g.in_verdict else "") for g in GUARDS]


def _settings() -> list[tuple[str, ...]]:
    said = _field_docs()
    return [(f"`{PREFIX}{f.name.upper()}`", f"`{_show(f.default)}`", said.get(f.name, "")) for f in fields(Settings)]


def _show(value: object) -> str:
    return (
        ",".join(value) or " "
        if isinstance(value, tuple)
        else str(value).lower()
        if value in {True, False}
        else str(value)
    )


def _field_docs() -> dict[str, str]:
    """Find the string below each field: Python keeps it only in the source."""
    tree = ast.parse(inspect.getsource(settings))
    body = next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == "Settings").body
    pairs = itertools.pairwise(body)
    return {
        a.target.id: b.value.value
        for a, b in pairs
        if isinstance(a, ast.AnnAssign)
        and isinstance(a.target, ast.Name)
        and isinstance(b, ast.Expr)
        and isinstance(b.value, ast.Constant)
        and isinstance(b.value.value, str)
    }


PAGES = {"reference.md": render, "metrics-prometheus.md": prometheus.render}


def main(arguments: list[str]) -> int:
    """Write, or check."""
    wanted = {DOCS / name: make() for name, make in PAGES.items()}
    stale = [page for page, text in wanted.items() if not page.exists() or page.read_text() != text]
    if arguments == ["--check"]:
        for page in stale:
            print(f"docs/{page.name} is stale: run make reference", file=sys.stderr)
        return 1 if stale else 0
    for page in stale:
        page.write_text(wanted[page])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
