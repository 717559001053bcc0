"""Rows for the fleet's database: 100 predictions of each version and model, as `minSamples` asks by default."""

import time
from collections.abc import Sequence

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from modelward.database.migrate import migrate
from modelward.domain.questions import Connection

READER = "modelward_reader"
ROWS = 100
ERROR = {"v1": 20.0, "v2": 20.2, "v3": 60.0}

INSERT = """
INSERT INTO model_predictions (model_name, request_id, model_version, predicted_at, prediction, actual, actual_at)
SELECT 'model-' || lpad(m::text, 5, '0'), %(version)s || '-' || r, %(version)s,
       now() - make_interval(secs => 10 + 36 * r),
       300 + 90 * sin(r) + %(error)s * cos(7 * r), CASE WHEN %(labelled)s THEN 300 + 90 * sin(r) END, now()
FROM unnest(%(numbers)s::int[]) AS m CROSS JOIN generate_series(1, %(rows)s) AS r
"""
LABEL = """
UPDATE model_predictions SET actual = 300 + 90 * sin(substr(request_id, 4)::int), actual_at = now()
WHERE model_name = %(model)s AND model_version = %(version)s
"""


def prepare(url: str, password: str) -> str:
    """Make the tables and a user that may only read them; return the address for that user."""
    migrate(url)
    with psycopg.connect(url, autocommit=True) as connection:
        create = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(READER), sql.Literal(password))
        connection.execute(create)
        connection.execute(f"GRANT SELECT ON model_predictions, model_versions TO {READER}")
    where = conninfo_to_dict(url)
    return f"postgresql://{READER}:{password}@{where['host']}:{where['port']}/{where['dbname']}"


def insert(url: str, numbers: Sequence[int], version: str, *, labelled: bool = True, rows: int = ROWS) -> None:
    """Insert predictions of one version of some models."""
    values = {"numbers": list(numbers), "version": version, "error": ERROR[version], "rows": rows, "labelled": labelled}
    with psycopg.connect(url) as connection:
        connection.execute(INSERT, values)
    analyse(url)


def analyse(url: str) -> None:
    """Have the planner know the table, as autovacuum would see to within a minute."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE model_predictions")


def label(connection: psycopg.Connection, model: str, version: str) -> float:
    """Commit the labels of one version; return the moment after the commit, in seconds since 1970."""
    connection.execute(LABEL, {"model": model, "version": version})
    connection.commit()
    return time.time()


def announce(url: str, *, on: bool) -> None:
    """Switch the announcements of labels on or off; off is as with tables that have no triggers of ours."""
    switch = sql.SQL("ENABLE" if on else "DISABLE")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("ALTER TABLE model_predictions {} TRIGGER USER").format(switch))


def separate(url: str, name: str) -> str:
    """Make another database on the same server, with the tables in it."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    other = make_conninfo(url, dbname=name)
    migrate(other)
    return other


def drop(url: str, name: str) -> None:
    """Drop such a database."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def connection_of(url: str) -> Connection:
    """Say where a database is, as the operator's reader wants it."""
    return Connection(tuple(sorted((key, str(value)) for key, value in conninfo_to_dict(url).items())))
