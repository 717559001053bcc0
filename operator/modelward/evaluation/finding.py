"""Which database, and which of its models: what the caller named, or the only one there is."""

import os
import re
from collections.abc import Mapping
from typing import Any

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from modelward.database.secrets import DROPPED
from modelward.domain.errors import InvalidCallError, InvalidSpecError, RefusedError
from modelward.domain.ledger import ModelKey
from modelward.domain.mapping import parse_strictly
from modelward.domain.ports import Ledger
from modelward.domain.questions import Connection
from modelward.domain.reasons import Reason
from modelward.domain.source import Source

VARIABLE = "DATABASE_URL"
DIALECT = re.compile(r"^postgres(ql)?\+\w+://")  # SQLAlchemy's way to name a driver


def find_connection(database_url: str | Connection | None) -> Connection:
    """Read a URL, or DATABASE_URL where none is given; InvalidCallError repeats no part of it."""
    if isinstance(database_url, Connection):
        return database_url
    url = database_url or os.environ.get(VARIABLE, "")
    if not url.strip():
        raise InvalidCallError(f"no database is named: give a database URL, or set {VARIABLE}")
    try:
        parsed = conninfo_to_dict(DIALECT.sub("postgresql://", url.strip()))
    except ProgrammingError:
        message = f"the database URL ({VARIABLE}) is none such as postgresql://user:password@host:5432/database"
        raise InvalidCallError(message) from None
    return Connection(tuple(sorted((k, str(v)) for k, v in parsed.items() if k not in DROPPED)))


def read_tables(source: Mapping[str, Any] | None) -> Source:
    """Read where the predictions stand, as a resource says it; InvalidCallError names the field."""
    try:
        return parse_strictly(dict(source or {}))
    except InvalidSpecError as error:
        raise InvalidCallError(str(error)) from None


def find_model(ledger: Ledger, model: str | None, environment: str | None) -> ModelKey:
    """Return the model that is meant; RefusedError and InvalidCallError list those there are."""
    known = ledger.models()
    fitting = [k for k in known if model in {None, k.model} and environment in {None, k.environment}]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise InvalidCallError(f"the database holds {_list(fitting)}: name one with --model and --environment")
    if not known:
        raise RefusedError(Reason.MODEL_UNKNOWN, _nothing_registered(ledger))
    asked = " ".join(filter(None, [f"model {model!r}" if model else "", _in(environment)]))
    raise RefusedError(Reason.MODEL_UNKNOWN, f"the table model_versions knows no {asked}; there are: {_list(known)}")


def _nothing_registered(ledger: Ledger) -> str:
    predicted = ledger.predicted_models()
    seen = f"; model_predictions has rows of {_list(predicted)}" if predicted else ""
    return f"the table model_versions is empty: insert a row for each version, one with is_production = true{seen}"


def _in(environment: str | None) -> str:
    return "" if environment is None else f"environment {environment!r}"


def _list(keys: list[ModelKey]) -> str:
    return ", ".join(str(key) for key in keys)
