"""The adapter of the Ledger port: the registry of versions and the audit, read and changed by a person's commands.

Every reading and every change is one short transaction. A connection that broke is made anew for the next one; what
became of a change that it broke in is looked up, never guessed.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import DictRow, dict_row

from modelward.database.errors import explain_connect, explain_query
from modelward.database.queries import LEDGER, named_query
from modelward.domain.errors import InvalidCallError, SourceError
from modelward.domain.ledger import Book, Manager, ModelKey, Move, RollbackRecord, VersionRecord
from modelward.domain.questions import Connection
from modelward.domain.reasons import Reason

Cursor = psycopg.Cursor[DictRow]
KEEPALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 10000}
MISSING = (
    "{said}. The tables of modelward are missing or of an older version: run `modelward db init`, with a user who may "
    "create tables"
)
CLOSED = "it was closed: make a new one"
READ_ONLY = "{said}: the server is a standby, or default_transaction_read_only is set for this user or database"


class PostgresLedger:
    """One connection, opened when it is first needed."""

    def __init__(
        self,
        connection: Connection,
        *,
        statement_timeout: float = 60,
        lock_timeout: float = 5,
        connect_timeout: int = 5,
    ) -> None:
        self._parameters: dict[str, Any] = {**KEEPALIVE, **dict(connection.parameters)}
        self._connect_timeout = connect_timeout
        self._settings = {
            "statement_timeout": f"{round(statement_timeout * 1000)}ms",
            "lock_timeout": f"{round(lock_timeout * 1000)}ms",
        }
        self._link: psycopg.Connection[DictRow] | None = None
        self._closed = False

    # -- reading -------------------------------------------------------------------------------------------------

    def pulse(self) -> dict[str, Any]:
        """Return version, database, role and read_only of what answers; SourceError where nothing does."""
        return self._ask("pulse")[0]

    def models(self) -> list[ModelKey]:
        """List the models of the registry."""
        return [ModelKey(r["model_name"], r["environment"]) for r in self._ask("models")]

    def predicted_models(self) -> list[ModelKey]:
        """List the models that have predictions, 100 at most."""
        return [ModelKey(r["model_name"], r["environment"]) for r in self._ask("predicted_models")]

    def book(self, key: ModelKey) -> Book:
        """Read all that is recorded of a model, at one moment; what it predicted stands elsewhere."""
        with self.transaction() as cursor:
            return read_book(cursor, key)

    # -- changing ------------------------------------------------------------------------------------------------

    def move(self, move: Move, check: Callable[[Book], None]) -> RollbackRecord:
        """Change the version in production and write it down, both or neither.

        `check` sees the book under the lock and raises where it must not be. Where the connection breaks, the server
        is asked what became of it.
        """
        try:
            return self._move(move, check)
        except SourceError as error:
            if error.reason is not Reason.DATABASE_UNREACHABLE:
                raise
            return self._look_up(move, error)

    def _move(self, move: Move, check: Callable[[Book], None]) -> RollbackRecord:
        with self.transaction() as cursor:
            run(cursor, "lock_versions", _which(move.key))
            book = read_book(cursor, move.key)
            check(book)
            run(cursor, "leave_production", _which(move.key))
            run(cursor, "enter_production", {**_which(move.key), "to_version": move.to_version})
            run(cursor, "record_rollback", {**_which(move.key), **_record(move)})
            return _carried_out(move, book)

    def _look_up(self, move: Move, error: SourceError) -> RollbackRecord:
        """Wait for the broken transaction's locks, then see whether its record is there."""
        try:
            with self.transaction() as cursor:
                run(cursor, "lock_versions", _which(move.key))
                done = run(cursor, "find_rollback", {"event_id": move.event_id}).fetchone()
                book = read_book(cursor, move.key)
        except SourceError as again:
            message = (
                f"{error}. It does not answer now ({again}): the rollback was made whole or not at all; "
                "`modelward status` will tell once the database is back"
            )
            raise SourceError(Reason.DATABASE_UNREACHABLE, message) from None
        if done is None:
            raise SourceError(Reason.DATABASE_UNREACHABLE, f"{error}; nothing was changed, try again") from None
        return _carried_out(move, book)

    # -- the connection ------------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[Cursor]:
        """Open a transaction with bounded statements; a SourceError says what is wrong and what to do."""
        try:
            link = self._connect()
            with link.transaction(), link.cursor() as cursor:
                run(cursor, "bounds", self._settings)
                yield cursor
        except psycopg.Error as error:
            if self._link is not None and (self._link.broken or self._link.closed or error.sqlstate is None):
                self._hang_up()
            raise self._advise(explain_query(error)) from None

    def close(self) -> None:
        """Hang up for good."""
        self._closed = True
        self._hang_up()

    def _hang_up(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _connect(self) -> psycopg.Connection[DictRow]:
        """Return a connection that answers: one that rested for hours may have been cut meanwhile."""
        if self._closed:
            raise InvalidCallError(CLOSED)
        if self._link is not None and not _answers(self._link):
            self._hang_up()
        if self._link is None:
            self._link = self._open()
        return self._link

    def _open(self) -> psycopg.Connection[DictRow]:
        try:
            return psycopg.connect(
                **self._parameters,
                connect_timeout=self._connect_timeout,
                application_name="modelward",
                autocommit=True,
                prepare_threshold=None,
                row_factory=dict_row,
            )
        except (psycopg.Error, OSError, ValueError) as error:
            raise explain_connect(error) from None

    def _ask(self, query: str, parameters: dict[str, Any] | None = None) -> list[DictRow]:
        with self.transaction() as cursor:
            return run(cursor, query, parameters or {}).fetchall()

    def _advise(self, error: SourceError) -> SourceError:
        """Add what to do about it."""
        if error.reason is Reason.SCHEMA_MISMATCH:
            return SourceError(error.reason, MISSING.format(said=error))
        if error.reason is not Reason.PERMISSION_DENIED:
            return error
        if "read-only transaction" in str(error):
            return SourceError(error.reason, READ_ONLY.format(said=error))
        return SourceError(error.reason, f"{error}. {self._missing_rights()}")

    def _missing_rights(self) -> str:
        lacking = [r for r in self._ask("rights") if not r["granted"]]
        if not lacking:
            return "Every right that modelward needs is granted: does row security stand in the way?"
        role = sql.Identifier(lacking[0]["role"]).as_string()
        grants = "; ".join(f"GRANT {r['privilege']} ON {r['object']} TO {role}" for r in lacking)
        return f"The database user lacks: {grants}"


def run(cursor: Cursor, query: str, parameters: dict[str, Any]) -> Cursor:
    """Run a named query of ledger.sql."""
    return cursor.execute(named_query(query, LEDGER).encode(), parameters)


def _answers(link: psycopg.Connection[DictRow]) -> bool:
    try:
        link.execute("")
    except psycopg.Error:
        return False
    return True


def _which(key: ModelKey) -> dict[str, Any]:
    return {"model": key.model, "environment": key.environment}


def read_book(cursor: Cursor, key: ModelKey) -> Book:
    """Read all that is recorded of a model."""
    versions = run(cursor, "book_versions", _which(key)).fetchall()
    rollbacks = run(cursor, "book_rollbacks", _which(key)).fetchall()
    manager = run(cursor, "managed_by", _which(key)).fetchone()
    moment = run(cursor, "moment", {}).fetchone()
    assert moment is not None
    return Book(
        key,
        moment["moment"],
        tuple(_version(row) for row in versions),
        tuple(RollbackRecord(**row) for row in rollbacks),
        Manager(**manager) if manager else None,
    )


def _version(row: DictRow) -> VersionRecord:
    return VersionRecord(
        version=row["model_version"],
        created_at=row["created_at"],
        promoted_at=row["promoted_at"],
        archived_at=row["archived_at"],
        in_production=row["is_production"],
        training_r2=row["r2_score"],
        training_rmse=row["rmse"],
        size_bytes=row["size_bytes"],
    )


def _record(move: Move) -> dict[str, Any]:
    return {
        "event_id": move.event_id,
        "from_version": move.from_version,
        "to_version": move.to_version,
        "actor": move.actor,
        "reason": move.reason,
        "evidence": json.dumps({"automatic": move.automatic, **move.evidence}, allow_nan=False),
    }


def _carried_out(move: Move, book: Book) -> RollbackRecord:
    versions = (move.from_version, move.to_version)
    return RollbackRecord(
        move.event_id, book.now, *versions, move.automatic, move.actor, move.reason, move.evidence
    )  # fmt: skip
