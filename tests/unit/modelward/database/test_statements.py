"""Statements that sum are put together whole, and ask for no more than is wanted."""

import re
from datetime import timedelta
from importlib import resources
from itertools import product

import pytest

from modelward.database.queries import piece_of
from modelward.database.reader import statement_for
from modelward.database.statements import judging, spanning
from modelward.domain.metrics import Family
from modelward.domain.questions import Comparison, Question

PIECES = resources.files("modelward.database").joinpath("pieces.sql").read_text()
NAMES = re.findall(r"^-- name: (\w+)$", PIECES, re.MULTILINE)
CHOICES = list(product([False, True], repeat=3))
FAMILIES = [frozenset(f for f, wanted in zip(Family, each, strict=True) if wanted) for each in CHOICES[1:]]
NUMBERS = frozenset({Family.REGRESSION})


def about(**changes: object) -> Question:
    plain: dict[str, object] = {"model_name": "m", "environment": "", "version": "v2", "label_delay": timedelta(0)}
    return Question(**{**plain, "window": timedelta(hours=1), **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("families", FAMILIES, ids=lambda f: "+".join(sorted(f)))
@pytest.mark.parametrize(("pairs", "shared", "relative"), CHOICES)
def test_no_piece_is_left_open(families: frozenset[Family], pairs: bool, shared: bool, relative: bool):  # noqa: FBT001
    text = judging(families, pairs=pairs, shared=shared, relative=relative)
    assert not re.search(r"\[[a-z_]+\]", re.sub(r"--.*", "", text))
    assert text.count("LEFT JOIN LATERAL") == len(families) * (1 + pairs + shared)
    assert ("GROUP BY p.request_id" in text) is pairs


@pytest.mark.parametrize("parts", [{Comparison.PAIRED}, {Comparison.CONCURRENT, Comparison.BEFORE_AFTER}])
def test_spans_are_put_together_the_same_way(parts: set[Comparison]):
    text = spanning(frozenset(Family), frozenset(parts), relative=True)
    assert not re.search(r"\[[a-z_]+\]", re.sub(r"--.*", "", text))
    assert text.count("LEFT JOIN LATERAL") == 3 * len(parts)


@pytest.mark.parametrize("name", NAMES)
def test_a_piece_says_its_purpose_and_leaves_it_out(name: str):
    assert re.search(rf"^-- name: {name}\n-- [A-Z]", PIECES, re.MULTILINE)
    assert not piece_of(name).startswith("--")


ASKED: dict[str, tuple[list[Question], str]] = {
    "numbers alone": ([about()], judging(NUMBERS, pairs=False, shared=False, relative=False)),
    "no rival, no pairs": (
        [about(comparison=Comparison.PAIRED)],
        judging(NUMBERS, pairs=False, shared=False, relative=False),
    ),
    "a rival, of whatever comparison": ([about(rival="v1")], judging(NUMBERS, pairs=True, shared=True, relative=False)),
    "pairs alone": (
        [about(rival="v1", comparison=Comparison.PAIRED)],
        judging(NUMBERS, pairs=True, shared=False, relative=False),
    ),
    "what any of the group needs": (
        [about(), about(families=(Family.LABELS,), shown=(Family.SCORES,)), about(relative=True)],
        judging(frozenset(Family), pairs=False, shared=False, relative=True),
    ),
}


@pytest.mark.parametrize(("questions", "text"), ASKED.values(), ids=ASKED)
def test_a_group_asks_for(questions: list[Question], text: str):
    assert statement_for(questions) == text
