"""The operator's reader for callers that wait: its coroutines run on a thread of their own.

A notebook has an event loop already, so one cannot simply be started where the caller stands.
"""

import asyncio
import threading
import time
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from modelward.database.ledger import CLOSED
from modelward.database.reader import PostgresReader
from modelward.domain.errors import InvalidCallError, SourceError
from modelward.domain.ledger import ModelKey
from modelward.domain.quality import Quality, Window
from modelward.domain.questions import Connection, Question, Span
from modelward.domain.reasons import Reason
from modelward.domain.source import OWN, Source
from modelward.domain.sums import NOTHING

T = TypeVar("T")
MICROSECOND = timedelta(microseconds=1)


class BlockingReader:
    """Asks a PostgresReader about the tables of one source, and waits for the answer."""

    def __init__(self, reader: PostgresReader, connection: Connection, source: Source = OWN) -> None:
        self._reader = reader
        self._connection = connection
        self.source = source
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="modelward-reader", daemon=True)
        self._thread.start()

    def read(self, questions: Sequence[Question]) -> list[Quality]:
        """Answer all questions, in their order; raises the first SourceError.

        A connection that rested for hours may have been cut meanwhile: reading is tried once more on a new one.
        """
        answers = self.wait(self._reader.read(self._connection, questions, self.source))
        if any(isinstance(a, SourceError) and a.reason is Reason.DATABASE_UNREACHABLE for a in answers):
            answers = self.wait(self._reader.read(self._connection, questions, self.source))
        kept = []
        for answer in answers:
            if isinstance(answer, SourceError):
                raise answer
            kept.append(answer)
        return kept

    def windows(self, question: Question, ends: Mapping[str, datetime]) -> dict[str, Window]:
        """Sum the last window of versions whose last prediction is known: no row outside of it is looked at."""
        if not ends:
            return {}
        whole = replace(question, families=question.all_families, shown=())
        spans = [Span(v, end - question.window, end + MICROSECOND, 1) for v, end in ends.items()]
        found = self.wait(self._reader.spans(self._connection, whole, spans, self.source))
        return {
            span.version: Window(
                span.start, span.end, sums=summed.get(span.version, {}).get(0, NOTHING), families=question.families
            )
            for span, summed in zip(spans, found, strict=True)
        }

    def last_seen(self, key: ModelKey, versions: Sequence[str]) -> dict[str, datetime]:
        """Return when each version made its last live prediction within 90 days, if any."""
        if not versions:
            return {}
        return self.wait(self._reader.last_seen(self._connection, key.model, key.environment, versions, self.source))

    def settle(self, key: ModelKey) -> None:
        """Let the second that runs go by where rows of it would otherwise not be seen."""
        time.sleep(self.wait(self._reader.seconds_to_settle(self._connection, key.model, key.environment, self.source)))

    def close(self, hang_up: Coroutine[Any, Any, None]) -> None:
        """Run the reader's own goodbye, then end the thread."""
        if self._loop.is_closed():
            hang_up.close()
            return
        self.wait(hang_up)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the thread of the reader; InvalidCallError after its end."""
        if self._loop.is_closed():
            coroutine.close()
            raise InvalidCallError(CLOSED)
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()
