"""`python -m reference` writes docs/reference.md; `--check` fails where it is stale."""

import ast
import inspect
import itertools
import sys
from dataclasses import fields
from pathlib import Path

from modelward import settings
from modelward.decide.guards import GUARDS
from modelward.domain.reasons import Reason
from modelward.settings import PREFIX, Settings

PAGE = Path(__file__).parent.parent.parent / "docs" / "reference.md"


def render() -> str:
    """Write the whole page."""
    parts = [
        "# Reference\n\nMade from the source by `make reference`. The resource's fields: `kubectl explain mdl`.",
        "## Guards\n\nIn this order; `Verdict` keeps those marked. Each one that speaks is listed in `status.holds`.",
        _table(("guard", "speaks when", "with actOn: Verdict"), _guards()),
        "## Reasons\n\nIn status, conditions and Events.",
        _table(("reason", "meaning"), [(f"`{r.value}`", r.meaning) for r in sorted(Reason)]),
        "## Settings of the operator\n\nEnvironment variables; the chart sets them.",
        _table(("variable", "default", "meaning"), _settings()),
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


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main(arguments: list[str]) -> int:
    """Write, or check."""
    text = render()
    if arguments == ["--check"]:
        if not PAGE.exists() or PAGE.read_text() != text:
            print("docs/reference.md is stale: run make reference", file=sys.stderr)
            return 1
        return 0
    PAGE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
