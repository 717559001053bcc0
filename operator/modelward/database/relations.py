"""Somebody's tables, seen as ours: subselects with our columns that take the places named in `queries.sql`.

`{predictions}` has the columns model_name, environment, request_id, model_version, role, segment, predicted_at,
prediction, score, predicted_class, actual, actual_class and actual_at. Names come from a resource and are only ever
quoted identifiers; values are only ever bound.
"""

from functools import lru_cache

from psycopg import sql

from modelward.database.queries import named_query
from modelward.domain.source import Source, Table


@lru_cache(maxsize=256)
def query_for(name: str, source: Source) -> sql.Composed:
    """Return a named query with a source's tables in their places."""
    return sql.SQL(named_query(name).decode()).format(predictions=predictions(source))


def predictions(source: Source) -> sql.Composable:
    """Return the relation of predictions with their actuals."""
    return sql.SQL("(SELECT {} FROM {} s)").format(
        sql.SQL(", ").join(
            sql.SQL("{} AS {}").format(sql.Identifier("s", theirs or ours), sql.Identifier(ours))
            for ours, theirs in source.columns.items()
        ),
        table(source.predictions),
    )


def table(of: Table) -> sql.Identifier:
    """Return a table's name, always with its schema."""
    return sql.Identifier(of.schema, of.name)
