"""Our own tables as the migrations make them: what defines a column, and what makes a table where one is missing."""

import re
from functools import cache

from psycopg import sql

from modelward.database.migrate import find_migrations
from modelward.domain.source import OWN, Source, Table

INIT = "modelward db init"
TABLES = tuple(of for of in (OWN.predictions, OWN.versions.table if OWN.versions else None) if of)
_CREATED = re.compile(r"^CREATE TABLE (\w+) \((.*?)^\)", re.MULTILINE | re.DOTALL)
_COLUMN = re.compile(r"^ +([a-z_]\w*) +(.+)$")
_DEFAULT = re.compile(r"DEFAULT \S+")
_OUR_NAME = re.compile(rf"\b(TABLE|ON) {OWN.predictions.name}\b")  # a search_path of the user's own may lead elsewhere


@cache
def definitions(of: Table) -> dict[str, str]:
    """Return what follows each column's name where our table is made."""
    created = (match for _, _, text in find_migrations() for match in _CREATED.finditer(text))
    lines = (line for match in created if Table("public", match[1]) == of for line in match[2].splitlines())
    columns = (_COLUMN.match(line.split("--")[0].rstrip().rstrip(",")) for line in lines)
    return {column[1]: " ".join(column[2].split()) for column in columns if column}


def addition(of: Table, column: str) -> str:
    """Return the statement that adds a column as the migrations define it."""
    add = sql.SQL("ALTER TABLE {} ADD COLUMN {} {};").format(
        sql.Identifier(of.schema, of.name), sql.Identifier(column), sql.SQL(definitions(of)[column])
    )
    return add.as_string()


def has_default(of: Table, column: str) -> bool:
    """Whether rows that are there get a value when the column is added."""
    definition = definitions(of)[column]
    return "DEFAULT" in definition or "NOT NULL" not in definition


def conversion(of: Table, column: str, kind: str) -> str:
    """Return the statement that makes a column of ours the type it should be; its default cannot go along by itself."""
    name, default = sql.Identifier(column), _DEFAULT.search(definitions(of)[column])
    steps = [sql.SQL("ALTER COLUMN {c} TYPE {t} USING {c}::text::{t}").format(c=name, t=sql.SQL(kind))]
    if default:
        unset, reset = sql.SQL("ALTER COLUMN {} DROP DEFAULT"), sql.SQL("ALTER COLUMN {} SET {}")
        steps = [unset.format(name), *steps, reset.format(name, sql.SQL(default[0]))]
    change = sql.SQL("ALTER TABLE {} {};").format(sql.Identifier(of.schema, of.name), sql.SQL(", ").join(steps))
    return change.as_string()


def is_ours(of: Table, source: Source) -> bool:
    """Whether a source reads a table as the migrations make it, and names nothing in it."""
    if of == source.predictions:
        return source.keeps_our_names
    return source.versions == OWN.versions and OWN.versions is not None and of == OWN.versions.table


def ways_to_make(*, initialised: bool, versions_there: bool) -> tuple[str, ...]:
    """Return what makes the predictions' table: `db init`, or its statements where that would refuse.

    It does nothing where it believes it has made the table, and refuses where a table of our name is not ours.
    """
    if not initialised and not versions_there:
        return (INIT,)
    statements = (_bare(s) for _, _, text in find_migrations() for s in text.split(";\n"))
    ours = (s for s in statements if s.startswith("CREATE") and _OUR_NAME.search(s))
    kept = (s for s in ours if initialised or not s.startswith("CREATE TRIGGER"))  # its function is made by `db init`
    return tuple(_OUR_NAME.sub(f"\\1 {OWN.predictions}", s) + ";" for s in kept)


def _bare(statement: str) -> str:
    """Leave out whole lines of comment."""
    return "\n".join(line for line in statement.splitlines() if not line.startswith("--")).strip().rstrip(";")
