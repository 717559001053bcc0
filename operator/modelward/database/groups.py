"""A group of questions that is too large for one statement, or fails as one, is taken apart.

Pieces of a large group are asked over two links at once: a server with more than one core answers in half the time, and
each statement stays well within its timeout. A piece that fails by its rows is halved down to the culprit; where the
time is what fails, only so often: a database that is slow as a whole must not be asked a thousand times.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from modelward.database.errors import is_about_rows
from modelward.domain.errors import SourceError
from modelward.domain.quality import Quality
from modelward.domain.questions import Question
from modelward.domain.reasons import Reason

PIECE = 2500
TIMEOUTS = 13
"""How many statements of one group may run into their timeout: enough to find one culprit among 2,500."""

Answer = Quality | SourceError
Ask = Callable[[Sequence[Question], int], Awaitable[list[Quality]]]
"""Answers questions with one statement over the link of that number, or raises SourceError."""


@dataclass(slots=True)
class Group:
    """Questions about one database and source, until each has its answer; `hang_up` ends the second link."""

    questions: Sequence[Question]
    ask: Ask
    hang_up: Callable[[], Awaitable[None]]
    _answers: dict[int, list[Answer]] = field(default_factory=dict)
    _waiting: deque[int] = field(default_factory=deque)
    _timeouts: int = 0
    _down: SourceError | None = None

    async def answer(self) -> list[Answer]:
        """Answer every question, in their order."""
        self._waiting.extend(range(0, len(self.questions), PIECE))
        if len(self._waiting) > 1:
            await asyncio.gather(self._work(), self._help())
        await self._work()
        return [answer for start in sorted(self._answers) for answer in self._answers[start]]

    async def _work(self) -> None:
        """Work over the first link; what no row can cause is the same for all that were not asked yet."""
        while self._waiting:
            start = self._waiting.popleft()
            asked = self._piece(start)
            self._answers[start] = [self._down] * len(asked) if self._down else await self._halve(asked)

    async def _help(self) -> None:
        """Work over a second link; where there is none to be had (a limit of connections), leave it to the first."""
        try:
            while self._waiting:
                start = self._waiting.popleft()
                try:
                    self._answers[start] = list(await self.ask(self._piece(start), 1))
                except SourceError:
                    self._waiting.append(start)
                    return
        finally:
            await self.hang_up()

    def _piece(self, start: int) -> Sequence[Question]:
        return self.questions[start : start + PIECE]

    async def _halve(self, questions: Sequence[Question]) -> list[Answer]:
        try:
            return list(await self.ask(questions, 0))
        except SourceError as error:
            if not self._may_halve(questions, error):
                return [error] * len(questions)
        middle = len(questions) // 2
        first = await self._halve(questions[:middle])
        return first + await self._halve(questions[middle:])

    def _may_halve(self, questions: Sequence[Question], error: SourceError) -> bool:
        if not is_about_rows(error):
            self._down = error
        self._timeouts += error.reason is Reason.QUERY_TOO_COSTLY
        return len(questions) > 1 and self._down is None and self._timeouts < TIMEOUTS
