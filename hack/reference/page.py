"""docs/reference.md: every field, guard, reason, condition, annotation, verb, exit code, variable and chart value."""

import ast
import inspect
import itertools
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

from manifests.values import make_table as make_values
from manifests.values import read_values
from modelward import settings
from modelward.decide.guards import GUARDS
from modelward.domain.reasons import Reason
from modelward.logbook import FIELDS
from modelward.settings import PREFIX, Settings
from reference import verbs, words
from reference.fields import HEAD, list_columns, list_fields, read_schema
from reference.tables import make_table

VALUES = Path(__file__).parents[2] / "charts" / "modelward" / "values.yaml"
INTRODUCTION = """\
# Reference

Made from the source by `make reference`: nothing here is written by hand. `kubectl explain mdl.spec --recursive` says
the same of the resource in your cluster. Metrics for Prometheus have [a page of their own](metrics-prometheus.md); what
the words mean stands in the [glossary](glossary.md)."""
LOG_LINES = """\
## Log lines

With `MODELWARD_LOG_FORMAT` json, each line is one object with `time`, `level`, `logger`, `message`, and `traceback`
where there is one. Each decision (a verdict on a version, or a rollback that was asked for) is one line that has these
fields as well; it is DEBUG where it says nothing new, else INFO. Numbers are those of status, null where undefined.
What an Event says is a line as well: its `event` is `announcement`, and it has `namespace`, `name` and `reason`."""
ANNOTATIONS = """\
## Annotations

On a ModelDeployment, to ask for something. A request is carried out once, and not at all when it is older than ten
minutes."""


def render() -> str:
    """Write the whole page."""
    return (
        "\n\n".join([INTRODUCTION, *_resource(), *_codes(), *_annotations(), *_commands(), *_settings(), ""]).rstrip()
        + "\n"
    )


def _resource() -> list[str]:
    return [
        "## Fields of spec\n\nWhat a person writes; the operator never does.",
        make_table(HEAD, list(list_fields(read_schema("spec"), "spec"))),
        "## Fields of status\n\nWhat the operator writes, and remembers; a person never does.",
        make_table(HEAD, list(list_fields(read_schema("status"), "status"))),
        "## Columns\n\nOf `kubectl get mdl`.",
        make_table(("column", "only with", "meaning"), list_columns()),
    ]


def _codes() -> list[str]:
    guards = [(f"`{g.reason.value}`", g.reason.meaning, "kept" if g.in_verdict else "") for g in GUARDS]
    conditions = [(f"`{name}`", *said) for name, said in words.CONDITIONS.items()]
    return [
        "## Conditions",
        make_table(("condition", "status", "says"), conditions),
        "## Guards\n\nIn this order; `Verdict` keeps those marked. Each one that speaks is listed in `status.holds`.",
        make_table(("guard", "speaks when", "with actOn: Verdict"), guards),
        "## Reasons\n\nIn status, conditions and Events.",
        make_table(("reason", "meaning"), [(f"`{r.value}`", r.meaning) for r in sorted(Reason)]),
    ]


def _annotations() -> list[str]:
    head = ("annotation", "value and effect")
    return [
        ANNOTATIONS,
        make_table(head, _quote(words.REQUESTS)),
        "On a Deployment, by its owner:",
        make_table(head, _quote(words.PERMISSIONS)),
        "On a Deployment, by the operator:",
        make_table(head, _quote(words.RECORDS)),
    ]


def _commands() -> list[str]:
    return [
        f"## Verbs\n\n`kubectl modelward` has these of them: {verbs.plugin_verbs()}.",
        *verbs.sections(),
        "## Exit codes",
        make_table(("code", "meaning"), verbs.exit_codes()),
        "## Variables of the verbs",
        make_table(("variable", "meaning"), verbs.variables()),
    ]


def _settings() -> list[str]:
    said = _field_docs()
    rows = [(f"`{PREFIX}{f.name.upper()}`", _show(f.default), said[f.name]) for f in fields(Settings)]
    return [
        "## Settings of the operator\n\nEnvironment variables; the chart sets them.",
        make_table(("variable", "default", "meaning"), rows),
        LOG_LINES,
        make_table(("field", "meaning"), [(f"`{key.replace(', ', '`, `')}`", said) for key, said in FIELDS.items()]),
        "## Values of the chart",
        make_values(read_values(VALUES.read_text())),
    ]


def _quote(said: Mapping[str, str]) -> list[tuple[str, ...]]:
    return [(f"`{name}`", meaning) for name, meaning in said.items()]


def _show(value: object) -> str:
    text = (
        ",".join(value) if isinstance(value, tuple) else str(value).lower() if isinstance(value, bool) else str(value)
    )
    return f"`{text}`" if text else ""


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
