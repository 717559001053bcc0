"""Secrets, databases and rows that cannot answer: a reason each, no secret text, and never a rollback."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from builders import NAMESPACE, A, B
from component.world import BAD, CHECK, GOOD, HOUR, MINUTE, SECRET, World, a_degraded_world
from doubles import Row, a_source_error, forbidden
from modelward.domain.errors import SourceError
from modelward.domain.reasons import Reason
from modelward.domain.status import Verdict

# -- the database ----------------------------------------------------------------------------------------------------

SECRETS: dict[str, tuple[Any, str, str]] = {
    "there is no Secret": (None, "SecretNotFound", "Secret house-prices-db does not exist in this namespace"),
    "the Secret may not be read": (forbidden("secrets"), "SecretNotFound", "may not get Secret house-prices-db"),
    "the Secret lacks its keys": ({"user": "x", "pass": "s3cr3t"}, "SecretIncomplete", "it has: pass, user"),
    "the Secret's URI is none": ({"uri": "s3cr3t"}, "SecretIncomplete", "is not a PostgreSQL URI"),
}


@pytest.mark.parametrize(("secret", "reason", "words"), SECRETS.values(), ids=SECRETS)
async def test_a_secret_that_cannot_be_used(secret: Any, reason: str, words: str):
    world = await a_degraded_world()
    world.restart()
    world.cluster.secrets.clear()
    if secret is not None:
        world.cluster.secrets[NAMESPACE, "house-prices-db"] = secret
    await world.turn(CHECK)
    assert world.condition("MetricsAvailable") == ("False", reason)
    assert words in (world.status().message or "")
    assert world.serving() == B
    everything = str(world.cluster.objects) + str(world.cluster.events)
    assert "s3cr3t" not in everything


DATABASE = [
    Reason.AUTHENTICATION_FAILED,
    Reason.DATABASE_UNREACHABLE,
    Reason.DATABASE_MISSING,
    Reason.TLS_FAILED,
    Reason.SCHEMA_MISMATCH,
    Reason.PERMISSION_DENIED,
    Reason.QUERY_TOO_COSTLY,
]


@pytest.mark.parametrize("reason", DATABASE)
async def test_a_database_that_cannot_answer_never_changes_anything(reason: Reason):
    world = await a_degraded_world()
    world.reader.down = a_source_error(reason)
    before = world.condition("Ready")
    await world.turns(6)
    assert world.condition("MetricsAvailable") == ("False", reason)
    assert world.condition("Ready") == before
    assert world.status().verdict is Verdict.SOURCE_ERROR
    assert (world.serving(), world.cluster.images) == (B, [])
    assert world.told().count("MetricsUnavailable") == 1


async def test_a_database_that_was_never_reached_is_not_ready():
    world = World()
    world.model()
    world.deploy(A)
    world.reader.down = a_source_error()
    await world.turn()
    assert world.condition("Ready") == ("False", "DatabaseUnreachable")


async def test_what_was_held_back_by_the_database_happens_when_it_answers_again():
    world = await a_degraded_world()
    world.reader.down = a_source_error()
    await world.turn(CHECK)
    world.reader.down = None
    await world.turn(CHECK)
    assert world.serving() == A
    assert world.condition("MetricsAvailable")[0] != "False"


async def test_a_secret_that_is_mended_is_read_anew():
    world = World()
    world.model()
    world.deploy(A)
    world.cluster.secrets.clear()
    await world.turn()
    assert world.condition("MetricsAvailable") == ("False", "SecretNotFound")
    world.cluster.secrets[NAMESPACE, "house-prices-db"] = SECRET
    await world.turn(CHECK)
    assert world.condition("MetricsAvailable") == ("True", "MetricsRead")


async def test_a_registry_that_cannot_be_read_holds_the_rollback_back():
    world = await a_degraded_world()
    world.reader.registered_error = SourceError(Reason.DATABASE_UNREACHABLE, "the connection to the database was lost")
    await world.turn(CHECK)
    assert (world.serving(), world.cluster.images) == (B, [])
    world.reader.registered_error = None
    await world.turn(CHECK)
    assert world.serving() == A


# -- the rows --------------------------------------------------------------------------------------------------------


def good_then(change: Callable[[Row], Row]) -> Callable[[World], None]:
    def write(world: World) -> None:
        world.predict(B, BAD)
        rows = world.reader.rows["house-prices"]
        world.reader.rows["house-prices"] = [change(r) if r.version == B else r for r in rows]

    return write


NAN, HUGE = float("nan"), 1e200

ROWS: dict[str, tuple[Callable[[World], None], Verdict, str]] = {
    "no rows": (lambda _: None, Verdict.NO_DATA, "NoPredictions"),
    "too few": (lambda world: world.predict(B, BAD, n=19), Verdict.INSUFFICIENT_DATA, "TooFewSamples"),
    "no labels": (good_then(lambda r: replace(r, actual=None)), Verdict.INSUFFICIENT_DATA, "TooFewSamples"),
    "all predictions NaN": (
        good_then(lambda r: replace(r, prediction=NAN)),
        Verdict.INSUFFICIENT_DATA,
        "NonFinitePredictions",
    ),
    "all predictions 1e200": (
        good_then(lambda r: replace(r, prediction=HUGE)),
        Verdict.INSUFFICIENT_DATA,
        "NonFinitePredictions",
    ),
    "all predictions missing": (
        good_then(lambda r: replace(r, prediction=None)),
        Verdict.INSUFFICIENT_DATA,
        "NonFinitePredictions",
    ),
    "all labels NaN": (good_then(lambda r: replace(r, actual=NAN)), Verdict.INSUFFICIENT_DATA, "TooFewSamples"),
    "rows of another version name": (
        lambda world: world.predict(f"v-{B}", BAD),
        Verdict.NO_DATA,
        "VersionNotSeen",
    ),
    "shadow rows only": (good_then(lambda r: replace(r, role="shadow")), Verdict.NO_DATA, "NoPredictions"),
    "rows of another environment": (
        good_then(lambda r: replace(r, environment="staging")),
        Verdict.NO_DATA,
        "NoPredictions",
    ),
}


@pytest.mark.parametrize(("write", "verdict", "reason"), ROWS.values(), ids=ROWS)
async def test_rows_that_say_nothing_never_roll_back(write: Callable[[World], None], verdict: Verdict, reason: str):
    world = World()
    world.model()
    world.deploy(A)
    world.predict(A, GOOD, over=HOUR)
    await world.turn()
    world.deploy(B)
    await world.turn(CHECK)
    write(world)
    await world.turn(CHECK)
    assert (world.status().verdict, world.status().reason) == (verdict, reason)
    assert (world.serving(), world.cluster.images) == (B, [])
    assert world.condition("Ready") == ("True", "Watching")


async def test_constant_actuals_are_judged_by_the_other_metrics():
    world = World()
    world.model(metrics=[{"name": "r2"}])
    world.deploy(A)
    world.predict(A, GOOD, over=HOUR)
    await world.turn()
    world.deploy(B)
    await world.turn(CHECK)
    good_then(lambda r: replace(r, actual=7.0))(world)
    await world.turn(CHECK)
    assert world.status().reason == "MetricsUndefined"
    world.edit(metrics=[{"name": "r2"}, {"name": "rmse"}])
    await world.turn(MINUTE)
    assert world.serving() == A


async def test_a_target_that_is_archived_is_not_put_back():
    world = await a_degraded_world()
    world.reader.registered = {A: True}
    await world.turn(CHECK)
    assert (world.serving(), world.cluster.images) == (B, [])
    assert world.condition("Degraded") == ("True", "NoTarget")
    assert f"{A} is archived in model_versions" in world.notes("Degraded")[0]


async def test_an_edit_that_names_what_is_not_there_is_not_ready():
    world = await a_degraded_world()
    world.reader.down = a_source_error(Reason.SCHEMA_MISMATCH)
    world.edit(checkInterval="20m")
    await world.turn()
    assert world.condition("Ready") == ("False", "SchemaMismatch")
    await world.turn(CHECK)
    assert world.condition("Ready") == ("False", "SchemaMismatch")
    world.reader.down = None
    await world.turns(2)
    assert world.condition("Ready")[0] == "True"


async def test_an_edit_while_the_database_is_away_leaves_ready_as_it_was():
    world = await a_degraded_world()
    world.reader.down = a_source_error(Reason.DATABASE_UNREACHABLE)
    before = world.condition("Ready")
    world.edit(checkInterval="20m")
    await world.turn()
    assert world.condition("Ready") == before
