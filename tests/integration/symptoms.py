"""What a real database, or the resource's rules, have people read: the rest of what docs/troubleshooting.md quotes."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import yaml
from psycopg.conninfo import conninfo_to_dict

from modelward.database.links import find_staleness
from modelward.database.reader import PostgresReader
from modelward.database.secrets import read_connection
from modelward.domain.errors import SourceError
from modelward.domain.questions import Question
from modelward.settings import Settings

CRD = Path(__file__).parents[2] / "deploy" / "crds" / "modeldeployments.yaml"
Producer = Callable[[str], Awaitable[str]]


async def refuse(url: str, **changes: str) -> str:
    """Ask a database that cannot answer; return the reason and the sentence."""
    keys = {key: str(value) for key, value in conninfo_to_dict(url).items()}
    reader = PostgresReader()
    try:
        question = Question("house-prices", "", "v2", timedelta(hours=1), timedelta(0), None, "v1")
        (answer,) = await reader.read(read_connection("db", {**keys, **changes}), [question])
    finally:
        await reader.close()
    assert isinstance(answer, SourceError)
    return f"{answer.reason.value}: {answer}"


def run(url: str, statement: str) -> None:
    """Run one statement."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


async def _no_right(url: str) -> str:
    run(url, "DROP ROLE IF EXISTS newcomer")
    run(url, "CREATE ROLE newcomer LOGIN PASSWORD 'newcomer'")
    try:
        return await refuse(url, user="newcomer", password="newcomer")
    finally:
        run(url, "DROP ROLE newcomer")


async def _wrong_password(url: str) -> str:
    return await refuse(url, password="guess")


async def _no_column(url: str) -> str:
    run(url, "ALTER TABLE model_predictions RENAME COLUMN actual TO target")
    return await refuse(url)


async def _standby(url: str) -> str:
    del url
    said = find_staleness({"behind": 1260.0, "receiving": False, "caught_up": True}, Settings().replica_lag_seconds)
    return f"ReplicaStale: {said}"


async def _unquoted(url: str) -> str:
    del url
    schema = yaml.safe_load(CRD.read_text())["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    rules: list[dict[str, Any]] = schema["properties"]["spec"]["properties"]["version"]["x-kubernetes-validations"]
    return str(rules[0]["message"])


SYMPTOMS: dict[str, Producer] = {
    "PermissionDenied": _no_right,
    "AuthenticationFailed": _wrong_password,
    "SchemaMismatch": _no_column,
    "ReplicaStale": _standby,
    "UnquotedVersion": _unquoted,
}
