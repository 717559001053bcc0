"""Somebody's tables, seen as ours: subselects with our columns that take the places named in `queries.sql`.

`{predictions}` has the columns model_name, environment, request_id, model_version, role, segment, predicted_at,
prediction, score, predicted_class, actual, actual_class and actual_at; `{calls}` is the same without its labels, which
costs no join; `{registry}` has model_name, environment, model_version, created_at and archived. `predicted_at` is the
bare column, so that an index on it serves; where it has no time zone, the session's counts, which is the source's:
cast it to timestamptz before reckoning with it. Names only ever come in as quoted identifiers, values only ever bound.
"""

from collections.abc import Iterator
from functools import lru_cache

from psycopg import sql

from modelward.database.queries import named_query
from modelward.domain.source import Actuals, Pairs, Source, Table, Versions

TIMES = {"predicted_at", "actual_at"}
NUMBERS = {"prediction", "score", "actual"}
CONSTANTS = {"model_name": "''::text", "environment": "''::text", "role": "'live'::text"}
AND, COMMA = sql.SQL(" AND "), sql.SQL(", ")


@lru_cache(maxsize=256)
def query_for(name: str, source: Source) -> sql.Composed:
    """Return a named query with a source's tables in their places."""
    relations = {"predictions": predictions(source, source.actuals), "calls": predictions(source, None)}
    if source.versions is not None:
        relations["registry"] = registry(source.versions)
    return sql.SQL(named_query(name).decode()).format(**relations)


def bound_values(source: Source) -> dict[str, str]:
    """Return the values that a source's relations want bound."""
    actuals = source.actuals.where if source.actuals else ()
    registered = (source.versions.where, source.versions.archived) if source.versions else ((), ())
    groups = zip(("where", "actuals", "registry", "archived"), (source.where, actuals, *registered), strict=True)
    return {f"{group}_{i}": value for group, pairs in groups for i, (_, value) in enumerate(pairs)}


def predictions(source: Source, actuals: Actuals | None) -> sql.Composed:
    """Return the relation of predictions, with their labels unless `actuals` says that these stay away."""
    parts = [sql.SQL("(SELECT {} FROM {} s").format(COMMA.join(_outputs(source, actuals)), table(source.predictions))]
    if actuals is not None:
        on: list[sql.Composable] = [
            sql.SQL("{} = {}").format(quoted("s", mine), quoted("a", theirs)) for mine, theirs in actuals.key
        ]
        on += _equalities("a", "actuals", actuals.where)
        parts.append(sql.SQL("LEFT JOIN {} a ON {}").format(table(actuals.table), AND.join(on)))
    if source.where:
        parts.append(sql.SQL("WHERE {}").format(AND.join(_equalities("s", "where", source.where))))
    return sql.Composed([sql.SQL(" ").join(parts), sql.SQL(")")])


def registry(versions: Versions) -> sql.Composed:
    """Return the relation of registered versions."""
    names = ("model_name", "environment", "model_version")
    outputs = [_as(column_of("v", name, getattr(versions, name)), name) for name in names]
    created = quoted("v", versions.created_at) if versions.created_at else sql.SQL("NULL::timestamptz")
    outputs += [_as(created, "created_at"), _as(_archived(versions), "archived")]
    where = (
        sql.SQL(" WHERE {}").format(AND.join(_equalities("v", "registry", versions.where)))
        if versions.where
        else sql.SQL("")
    )
    return sql.SQL("(SELECT {} FROM {} v{})").format(COMMA.join(outputs), table(versions.table), where)


def table(of: Table) -> sql.Composable:
    """Return a table's name, always with its schema."""
    return quoted(of.schema, of.name)


def quoted(*names: str) -> sql.Identifier:
    """Quote a name; a percent sign in it would be taken for a parameter, so it is doubled."""
    return sql.Identifier(*(name.replace("%", "%%") for name in names))


def column_of(alias: str, ours: str, theirs: str | None) -> sql.Composable:
    """Return a column in the type that we read, or what stands for it where there is none.

    Numbers get a sign and times a partner first: a plain cast would read text as well, and hide a wrong column.
    """
    if theirs is None:
        kind = "float8" if ours in NUMBERS else "timestamptz" if ours in TIMES else "text"
        return sql.SQL(CONSTANTS.get(ours, f"NULL::{kind}"))
    name = quoted(alias, theirs)
    if ours in NUMBERS:
        return sql.SQL("(+ {})::float8").format(name)
    if ours == "actual_at":
        return sql.SQL("coalesce({}, NULL::timestamptz)").format(name)
    return name if ours == "predicted_at" else sql.SQL("{}::text").format(name)


def _outputs(source: Source, actuals: Actuals | None) -> Iterator[sql.Composable]:
    for ours, theirs in source.columns.items():
        if ours == "request_id":
            yield _as(_request(source), ours)
        elif source.actuals is not None and ours in {"actual", "actual_class", "actual_at"}:
            yield _as(column_of("a", ours, getattr(actuals, ours) if actuals else None), ours)
        else:
            yield _as(column_of("s", ours, theirs), ours)


def _request(source: Source) -> sql.Composable:
    """Return what tells one request from another: a column, else the key of its label, else each row is its own.

    Two rows without an id are two requests, never one.
    """
    if source.is_ours:
        return quoted("s", "request_id")
    own = sql.SQL("gen_random_uuid()::text")
    if source.columns.request_id is not None:
        return sql.SQL("coalesce({}, {})").format(column_of("s", "request_id", source.columns.request_id), own)
    if source.actuals is None:
        return own
    parts = [sql.SQL("{}::text").format(quoted("s", mine)) for mine, _ in source.actuals.key]
    return sql.SQL("coalesce({}, {})").format(sql.SQL(" || E'\\x1f' || ").join(parts), own)


def _archived(versions: Versions) -> sql.Composable:
    if versions.archived:
        return sql.SQL("coalesce({}, false)").format(AND.join(_equalities("v", "archived", versions.archived)))
    if versions.archived_at:
        return sql.SQL("{} IS NOT NULL").format(quoted("v", versions.archived_at))
    return sql.SQL("false")


def _equalities(alias: str, group: str, pairs: Pairs) -> list[sql.Composable]:
    """Compare as text: of a text column that is the column itself, so an index on it serves."""
    return [
        sql.SQL("{}::text = {}").format(quoted(alias, column), sql.Placeholder(f"{group}_{i}"))
        for i, (column, _) in enumerate(pairs)
    ]


def _as(expression: sql.Composable, name: str) -> sql.Composable:
    return sql.SQL("{} AS {}").format(expression, sql.Identifier(name))
