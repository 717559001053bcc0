"""What PostgreSQL says when it cannot answer, turned into a reason; host, user and password are never repeated."""

import re

import psycopg

from modelward.domain.errors import SourceError
from modelward.domain.reasons import Reason

BY_STATE: dict[str, Reason] = {
    "42P01": Reason.SCHEMA_MISMATCH,  # undefined_table
    "42703": Reason.SCHEMA_MISMATCH,  # undefined_column
    "42883": Reason.SCHEMA_MISMATCH,  # undefined_function: an operator that the column's type does not have
    "42804": Reason.SCHEMA_MISMATCH,  # datatype_mismatch
    "42846": Reason.SCHEMA_MISMATCH,  # cannot_coerce
    "42809": Reason.SCHEMA_MISMATCH,  # wrong_object_type
    "3F000": Reason.SCHEMA_MISMATCH,  # invalid_schema_name
    "42501": Reason.PERMISSION_DENIED,
    "25006": Reason.PERMISSION_DENIED,  # read_only_sql_transaction: a standby, or a user whose sessions only read
    "57014": Reason.QUERY_TOO_COSTLY,  # query_canceled: the statement timeout
    "55P03": Reason.TABLE_LOCKED,  # lock_not_available: the lock timeout
    "22003": Reason.VALUE_OUT_OF_RANGE,
    "28P01": Reason.AUTHENTICATION_FAILED,
    "28000": Reason.AUTHENTICATION_FAILED,
    "3D000": Reason.DATABASE_MISSING,
}
MEANING = {
    "55P03": "another session holds a lock on a table, and for too long: ",
    "57014": "the statement took longer than it may: ",
}
FULL = "the server has no connection left, for all or for this user or database (max_connections, CONNECTION LIMIT)"
BY_TEXT: tuple[tuple[str, Reason, str], ...] = (
    ("password authentication failed", Reason.AUTHENTICATION_FAILED, "the database refused the user or the password"),
    ("no password supplied", Reason.AUTHENTICATION_FAILED, "the database asks for a password and none is given"),
    (
        "no pg_hba.conf entry",
        Reason.AUTHENTICATION_FAILED,
        "the server's pg_hba.conf lets this user in from nowhere here",
    ),
    ("not permitted to log in", Reason.AUTHENTICATION_FAILED, "the database does not let this user log in (NOLOGIN)"),
    ("role ", Reason.AUTHENTICATION_FAILED, "the database does not know the user"),
    ("authentication", Reason.AUTHENTICATION_FAILED, "the database refused the login"),
    ("database ", Reason.DATABASE_MISSING, "the server has no database of the name given"),
    ("does not support ssl", Reason.TLS_FAILED, "TLS was asked for (sslmode) and the server does not offer it"),
    (
        "certificate verify failed",
        Reason.TLS_FAILED,
        "the server's certificate was not made by a CA of sslrootcert, or has expired",
    ),
    ("does not match host name", Reason.TLS_FAILED, "the server's certificate was made for another host name"),
    (
        "root certificate file",
        Reason.TLS_FAILED,
        "sslmode asks for a CA to check with, and the Secret has no sslrootcert",
    ),
    ("certificate", Reason.TLS_FAILED, "the server's certificate does not hold"),
    ("ssl", Reason.TLS_FAILED, "the TLS connection failed"),
    ("refused", Reason.DATABASE_UNREACHABLE, "the connection was refused: is the server running, is the port right?"),
    ("timeout", Reason.DATABASE_UNREACHABLE, "the server did not answer in time"),
    ("resolve", Reason.DATABASE_UNREACHABLE, "the host's name cannot be resolved"),
    ("translate host", Reason.DATABASE_UNREACHABLE, "the host's name cannot be resolved"),
    ("name or service", Reason.DATABASE_UNREACHABLE, "the host's name cannot be resolved"),
    ("too many connections", Reason.DATABASE_UNREACHABLE, FULL),
    ("too many clients", Reason.DATABASE_UNREACHABLE, FULL),
    ("connection slots", Reason.DATABASE_UNREACHABLE, FULL),
    ("not yet accepting connections", Reason.DATABASE_UNREACHABLE, "the server is starting up"),
    ("recovery mode", Reason.DATABASE_UNREACHABLE, "the server is starting up after a crash"),
    ("starting up", Reason.DATABASE_UNREACHABLE, "the server is starting up"),
    ("shutting down", Reason.DATABASE_UNREACHABLE, "the server is shutting down"),
)
QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")  # names that people chose: a host called "ssl" says nothing about TLS
LOST = ("08", "57P", "53")  # connection, operator intervention, out of resources


def explain_connect(error: Exception) -> SourceError:
    """Say why no connection came about."""
    text = QUOTED.sub("", str(error)).lower()
    for mark, reason, sentence in BY_TEXT:
        if mark in text and (mark not in {"role ", "database "} or "does not exist" in text):
            return SourceError(reason, sentence)
    return SourceError(Reason.DATABASE_UNREACHABLE, "no connection to the database")


def explain_query(error: psycopg.Error) -> SourceError:
    """Say why a statement failed; the server's own words name the table or column that is missing."""
    state = error.sqlstate or ""
    if not state or state.startswith(LOST):
        return SourceError(Reason.DATABASE_UNREACHABLE, "the connection to the database was lost")
    said = MEANING.get(state, "") + (error.diag.message_primary or type(error).__name__)
    return SourceError(BY_STATE.get(state, Reason.QUERY_FAILED), f"{said} (SQLSTATE {state})")


def is_about_rows(error: SourceError) -> bool:
    """Whether one resource's rows may be the culprit, so that the others deserve an answer of their own."""
    return error.reason in {Reason.QUERY_TOO_COSTLY, Reason.VALUE_OUT_OF_RANGE, Reason.QUERY_FAILED}
