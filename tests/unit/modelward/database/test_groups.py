"""A group of questions: large ones in pieces over two links, a culprit found by halving, a slow database left alone."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from builders import DAY, a_quality
from modelward.database.groups import PIECE, TIMEOUTS, Group
from modelward.domain.errors import SourceError
from modelward.domain.quality import Quality
from modelward.domain.questions import Question
from modelward.domain.reasons import Reason

FINE = a_quality()
COSTLY = SourceError(Reason.QUERY_TOO_COSTLY, "timeout")
BROKEN = SourceError(Reason.VALUE_OUT_OF_RANGE, "out of range")
DOWN = SourceError(Reason.DATABASE_UNREACHABLE, "refused")


def questions(count: int) -> list[Question]:
    return [Question(f"m{i}", "", "v1", DAY, timedelta(0)) for i in range(count)]


class Server:
    """Answers; `fails` says with what a statement fails, seeing its models and its link."""

    def __init__(self, fails: Callable[[set[str], int], SourceError | None] = lambda *_: None) -> None:
        self.fails = fails
        self.asked: list[tuple[int, int]] = []
        self.hung_up = 0

    async def ask(self, asked: Sequence[Question], link: int) -> list[Quality]:
        self.asked.append((link, len(asked)))
        await asyncio.sleep(0)  # others have their turn, as while a server thinks
        if error := self.fails({q.model_name for q in asked}, link):
            raise error
        return [FINE] * len(asked)

    async def hang_up(self) -> None:
        self.hung_up += 1

    async def answer(self, count: int) -> list[Quality | SourceError]:
        return await Group(questions(count), self.ask, self.hang_up).answer()


def culprits(*names: str, error: SourceError = BROKEN) -> Callable[[set[str], int], SourceError | None]:
    return lambda models, _: error if models & set(names) else None


@pytest.mark.parametrize("count", [1, 2, PIECE])
async def test_one_statement_is_the_ordinary_case(count: int):
    server = Server()
    assert await server.answer(count) == [FINE] * count
    assert server.asked == [(0, count)]
    assert server.hung_up == 0


async def test_a_large_group_is_asked_in_pieces_over_two_links_and_the_second_is_hung_up():
    server = Server()
    assert await server.answer(4 * PIECE + 1) == [FINE] * (4 * PIECE + 1)
    assert sorted(size for _, size in server.asked) == [1, *[PIECE] * 4]
    assert {link for link, _ in server.asked} == {0, 1}
    assert server.hung_up == 1


async def test_where_no_second_link_is_to_be_had_the_first_does_it_all():
    server = Server(lambda _, link: DOWN if link else None)
    assert await server.answer(3 * PIECE) == [FINE] * 3 * PIECE
    assert server.hung_up == 1


@pytest.mark.parametrize("place", [0, 1, 5, 9])
async def test_a_culprit_is_found_and_the_others_answered(place: int):
    server = Server(culprits(f"m{place}"))
    answers = await server.answer(10)
    assert [i for i, answer in enumerate(answers) if answer is BROKEN] == [place]
    assert answers.count(FINE) == 9


async def test_answers_keep_their_places_in_a_large_group_with_culprits():
    places = [0, PIECE - 1, PIECE, 2 * PIECE + 7]
    server = Server(culprits(*(f"m{i}" for i in places)))
    answers = await server.answer(3 * PIECE)
    assert [i for i, answer in enumerate(answers) if answer is BROKEN] == places


async def test_the_slowest_model_of_a_full_piece_is_found():
    server = Server(culprits("m1234", error=COSTLY))
    answers = await server.answer(PIECE)
    assert [i for i, answer in enumerate(answers) if answer is COSTLY] == [1234]


async def test_a_database_that_is_slow_as_a_whole_is_asked_a_few_times_and_no_more():
    server = Server(lambda *_: COSTLY)
    assert await server.answer(1000) == [COSTLY] * 1000
    assert len(server.asked) <= 2 * TIMEOUTS


@pytest.mark.parametrize("reason", [Reason.DATABASE_UNREACHABLE, Reason.TABLE_LOCKED, Reason.SCHEMA_MISMATCH])
async def test_what_no_row_can_cause_is_asked_for_once(reason: Reason):
    error = SourceError(reason, "so it is")
    server = Server(lambda *_: error)
    assert await server.answer(4 * PIECE) == [error] * 4 * PIECE
    assert [link for link, _ in server.asked].count(0) == 1
