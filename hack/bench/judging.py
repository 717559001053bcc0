"""How long the database takes to judge many resources with one statement, asked through the operator's own reader."""

import asyncio
import math
import time
from collections.abc import Sequence
from datetime import timedelta

from bench import census, data
from bench.errors import BenchError
from bench.fleet import NEW, OLD, Model
from bench.report import Figure
from modelward.database.groups import PIECE
from modelward.database.reader import PostgresReader
from modelward.domain.errors import SourceError
from modelward.domain.questions import Connection, Question

FEW, MANY, GOAL, TIMES = 1_000, 10_000, 2.0, 3
DATABASE = "judging"


def measure(url: str) -> list[Figure]:
    """Judge in a database of its own, so that nothing else is slowed by its rows."""
    other = data.separate(url, DATABASE)
    try:
        data.insert(other, range(MANY), NEW)
        data.insert(other, range(FEW), OLD)
        where = data.connection_of(other)
        return asyncio.run(_measure(where))
    finally:
        data.drop(url, DATABASE)


async def _measure(where: Connection) -> list[Figure]:
    reader = PostgresReader(statement_timeout=60)
    try:
        first = await _time(reader, where, _questions(FEW, baseline=OLD))
        few = await _time(reader, where, _questions(FEW))
        looked = await census.measure(reader, where, _questions(FEW), few[len(few) // 2])
        many = await _time(reader, where, _questions(MANY))
    finally:
        await reader.close()
    return [
        _figure(f"judging {FEW:,} resources for the first time, baselines too", first),
        _figure(f"judging {FEW:,} resources, {data.ROWS} rows each in the window", few),
        looked,
        _figure(f"judging {MANY:,} resources, {data.ROWS} rows each in the window", many, GOAL),
    ]


def _questions(count: int, baseline: str | None = None) -> list[Question]:
    day, no_delay = timedelta(hours=24), timedelta(0)
    return [Question(Model(n).name, "", NEW, day, no_delay, None, baseline) for n in range(count)]


async def _time(reader: PostgresReader, where: Connection, questions: Sequence[Question]) -> list[float]:
    """Ask several times; the first time warms the cache and does not count."""
    seconds = []
    for _ in range(TIMES + 1):
        before, began = reader.statements, time.perf_counter()
        answers = await reader.read(where, questions)
        seconds.append(time.perf_counter() - began)
        if reader.statements - before != math.ceil(len(questions) / PIECE):
            raise BenchError(f"{reader.statements - before} statements for one group")
        if any(isinstance(a, SourceError) or a.current.sums.n != data.ROWS for a in answers):
            raise BenchError("an answer is wrong: the time means nothing")
    return sorted(seconds[1:])


def _figure(what: str, seconds: list[float], goal: float | None = None) -> Figure:
    middle = seconds[len(seconds) // 2]
    return Figure(
        what=what,
        goal=f"< {goal:g} s" if goal else "",
        measured=f"{middle:.2f} s (of {len(seconds)}: {seconds[0]:.2f} to {seconds[-1]:.2f})",
        met=None if goal is None else middle < goal,
        values={"seconds": seconds},
    )
