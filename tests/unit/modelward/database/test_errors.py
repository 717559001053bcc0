"""What PostgreSQL says when it cannot answer becomes a reason; host, user and password are never repeated."""

from typing import Any

import psycopg
import pytest
from psycopg import errors

from modelward.database.errors import explain_connect, explain_query, is_about_rows
from modelward.domain.errors import SourceError
from modelward.domain.reasons import Reason

HOST, USER, DATABASE = "secret-host.internal", "secret-user", "secret-db"
AT = f'connection to server at "{HOST}" (10.1.2.3), port 5432 failed: '

CONNECTING: dict[str, tuple[str, Reason]] = {
    "a wrong password": (f'{AT}FATAL:  password authentication failed for user "{USER}"', Reason.AUTHENTICATION_FAILED),
    "no password": (f"{AT}fe_sendauth: no password supplied", Reason.AUTHENTICATION_FAILED),
    "an unknown user": (f'{AT}FATAL:  role "{USER}" does not exist', Reason.AUTHENTICATION_FAILED),
    "no line in pg_hba.conf": (
        f'{AT}FATAL:  no pg_hba.conf entry for host "10.1.2.3", user "{USER}", database "{DATABASE}", no encryption',
        Reason.AUTHENTICATION_FAILED,
    ),
    "another way to log in": (
        f'{AT}FATAL:  GSSAPI authentication failed for user "{USER}"',
        Reason.AUTHENTICATION_FAILED,
    ),
    "an unknown database": (f'{AT}FATAL:  database "{DATABASE}" does not exist', Reason.DATABASE_MISSING),
    "no TLS at the server": (
        f"{AT}server does not support SSL, but SSL was required",
        Reason.TLS_FAILED,
    ),
    "a certificate of somebody else": (
        f"{AT}SSL error: certificate verify failed",
        Reason.TLS_FAILED,
    ),
    "a broken TLS connection": (f"{AT}SSL SYSCALL error: EOF detected", Reason.TLS_FAILED),
    "a closed port": (f"{AT}Connection refused\n\tIs the server running on that host?", Reason.DATABASE_UNREACHABLE),
    "no answer": (f"{AT}timeout expired", Reason.DATABASE_UNREACHABLE),
    "psycopg's own clock": ("connection timeout expired", Reason.DATABASE_UNREACHABLE),
    "an unknown host": (f"failed to resolve host '{HOST}': [Errno -2]", Reason.DATABASE_UNREACHABLE),
    "an unknown host, in libpq's words": (
        f'could not translate host name "{HOST}" to address: Name or service not known',
        Reason.DATABASE_UNREACHABLE,
    ),
    "a server that starts": (f"{AT}FATAL:  the database system is starting up", Reason.DATABASE_UNREACHABLE),
    "a server that stops": (f"{AT}FATAL:  the database system is shutting down", Reason.DATABASE_UNREACHABLE),
    "too many connections": (f"{AT}FATAL:  sorry, too many clients already", Reason.DATABASE_UNREACHABLE),
    "too many of one user": (f'{AT}FATAL:  too many connections for role "secret-user"', Reason.DATABASE_UNREACHABLE),
    "a server after a crash": (f"{AT}FATAL:  the database system is in recovery mode", Reason.DATABASE_UNREACHABLE),
    "a server that is not there yet": (
        f"{AT}FATAL:  the database system is not yet accepting connections",
        Reason.DATABASE_UNREACHABLE,
    ),
    "a user who may not log in": (
        f'{AT}FATAL:  role "secret-user" is not permitted to log in',
        Reason.AUTHENTICATION_FAILED,
    ),
    "something new": (f"{AT}the moon is full", Reason.DATABASE_UNREACHABLE),
    "a closed port of a host with a telling name": (
        AT.replace("secret-host", "ssl-certificate-role ") + "Connection refused",
        Reason.DATABASE_UNREACHABLE,
    ),
    "a wrong password for a user with a telling name": (
        f'{AT}FATAL:  password authentication failed for user "ssl timeout"',
        Reason.AUTHENTICATION_FAILED,
    ),
}


@pytest.mark.parametrize(("text", "reason"), CONNECTING.values(), ids=CONNECTING)
def test_connecting_fails_by(text: str, reason: Reason):
    error = explain_connect(psycopg.OperationalError(text))
    assert error.reason is reason
    assert str(error)
    for secret in (HOST, USER, DATABASE, "10.1.2.3"):
        assert secret not in str(error)


def a_query_error(kind: type[psycopg.Error]) -> psycopg.Error:
    return kind("the server's words")


QUERYING: dict[str, tuple[Any, Reason]] = {
    "a missing table": (errors.UndefinedTable, Reason.SCHEMA_MISMATCH),
    "a missing column": (errors.UndefinedColumn, Reason.SCHEMA_MISMATCH),
    "a column of another type": (errors.UndefinedFunction, Reason.SCHEMA_MISMATCH),
    "types that do not fit": (errors.DatatypeMismatch, Reason.SCHEMA_MISMATCH),
    "no right to read": (errors.InsufficientPrivilege, Reason.PERMISSION_DENIED),
    "the statement timeout": (errors.QueryCanceled, Reason.QUERY_TOO_COSTLY),
    "the lock timeout": (errors.LockNotAvailable, Reason.TABLE_LOCKED),
    "sums beyond a double": (errors.NumericValueOutOfRange, Reason.VALUE_OUT_OF_RANGE),
    "a server that was shut down": (errors.AdminShutdown, Reason.DATABASE_UNREACHABLE),
    "a server out of connections": (errors.TooManyConnections, Reason.DATABASE_UNREACHABLE),
    "a connection that broke": (errors.ConnectionFailure, Reason.DATABASE_UNREACHABLE),
    "a connection that is gone without a word": (psycopg.OperationalError, Reason.DATABASE_UNREACHABLE),
    "something of the server's own": (errors.DivisionByZero, Reason.QUERY_FAILED),
}


@pytest.mark.parametrize(("kind", "reason"), QUERYING.values(), ids=QUERYING)
def test_a_statement_fails_by(kind: type[psycopg.Error], reason: Reason):
    assert explain_query(a_query_error(kind)).reason is reason


def test_a_lock_is_said_in_words_that_a_person_knows():
    error = explain_query(a_query_error(errors.LockNotAvailable))
    assert str(error).startswith("another session holds a lock on a table, and for too long: ")


ABOUT_ROWS = {Reason.QUERY_TOO_COSTLY, Reason.VALUE_OUT_OF_RANGE, Reason.QUERY_FAILED}


@pytest.mark.parametrize("reason", Reason)
def test_only_what_rows_can_cause_is_looked_for_among_them(reason: Reason):
    assert is_about_rows(SourceError(reason, "")) is (reason in ABOUT_ROWS)
