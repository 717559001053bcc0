"""`modelward db init`: numbered migrations, each applied once, in one transaction with its record."""

from importlib import resources

import psycopg
from psycopg import sql

from modelward.database.errors import explain_connect, explain_query
from modelward.domain.errors import SourceError
from modelward.domain.reasons import Reason
from modelward.domain.source import OWN

LOCK = 0x6D6F64656C77  # one migration at a time; any fixed number does
THEIRS = (
    "there is a table {tables} that is not ours: modelward db check prints what it lacks, "
    "or map it with database.source of the resource"
)
TABLE = """
CREATE SCHEMA IF NOT EXISTS modelward;
CREATE TABLE IF NOT EXISTS modelward.migration (
    number int PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
"""


def find_migrations() -> list[tuple[int, str, str]]:
    """List number, name and SQL of every migration that ships, in order."""
    folder = resources.files("modelward.database").joinpath("migrations")
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    return [(int(f.name.split("_")[0]), f.name.removesuffix(".sql"), f.read_text()) for f in files]


def print_migrations() -> str:
    """Return all that `migrate` runs on an empty database, for whoever wants to read it or to run it by hand."""
    parts = ["BEGIN", "SET LOCAL search_path = public", TABLE.strip().rstrip(";")]
    for number, name, text in find_migrations():
        record = sql.SQL("INSERT INTO modelward.migration (number, name) VALUES ({}, {})").format(number, name)
        parts += [f"-- {name}\n{text.strip().rstrip(';')}", record.as_string()]
    return ";\n\n".join([*parts, "COMMIT"]) + ";"


def migrate(database_url: str) -> list[str]:
    """Apply what is missing and return its names; SourceError says why it could not be done."""
    try:
        connection = psycopg.connect(database_url, connect_timeout=10, application_name="modelward db init")
    except psycopg.Error as error:
        raise explain_connect(error) from None
    try:
        with connection:
            return _apply(connection)
    except psycopg.Error as error:
        raise explain_query(error) from None


def _apply(connection: psycopg.Connection) -> list[str]:
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
    connection.execute("SET LOCAL search_path = public")
    connection.execute(TABLE)
    done = {row[0] for row in connection.execute("SELECT number FROM modelward.migration")}
    if not done:
        _refuse_theirs(connection)
    applied = []
    for number, name, text in find_migrations():
        if number not in done:
            connection.execute(text.encode())
            connection.execute("INSERT INTO modelward.migration (number, name) VALUES (%s, %s)", (number, name))
            applied.append(name)
    return applied


def _refuse_theirs(connection: psycopg.Connection) -> None:
    """Leave alone what somebody else made under one of our names."""
    ours = [of for of in (OWN.predictions, OWN.versions.table if OWN.versions else None) if of]
    query = "SELECT to_regclass(format('%%I.%%I', %s::text, %s::text)) IS NOT NULL"
    there = [str(of) for of in ours if connection.execute(query, (of.schema, of.name)).fetchone() == (True,)]
    if there:
        raise SourceError(Reason.SCHEMA_MISMATCH, THEIRS.format(tables=" and a table ".join(there)))
