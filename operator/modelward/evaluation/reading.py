"""The operator's reader for callers that wait: its coroutines run on a thread of their own.

A notebook has an event loop already, so one cannot simply be started where the caller stands.
"""

import asyncio
import threading
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from modelward.domain.errors import SourceError
from modelward.domain.ports import QualityReader
from modelward.domain.quality import Quality
from modelward.domain.questions import Connection, Question
from modelward.domain.reasons import Reason

T = TypeVar("T")


class BlockingReader:
    """Asks a QualityReader and waits for the answer."""

    def __init__(self, reader: QualityReader, connection: Connection) -> None:
        self._reader = reader
        self._connection = connection
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="modelward-reader", daemon=True)
        self._thread.start()

    def read(self, questions: Sequence[Question]) -> list[Quality]:
        """Answer all questions, in their order; raises the first SourceError.

        A connection that rested for hours may have been cut meanwhile: reading is tried once more on a new one.
        """
        answers = self._wait(self._reader.read(self._connection, questions))
        if any(isinstance(a, SourceError) and a.reason is Reason.DATABASE_UNREACHABLE for a in answers):
            answers = self._wait(self._reader.read(self._connection, questions))
        kept = []
        for answer in answers:
            if isinstance(answer, SourceError):
                raise answer
            kept.append(answer)
        return kept

    def close(self, hang_up: Coroutine[Any, Any, None]) -> None:
        """Run the reader's own goodbye, then end the thread."""
        if self._loop.is_closed():
            hang_up.close()
            return
        self._wait(hang_up)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()
