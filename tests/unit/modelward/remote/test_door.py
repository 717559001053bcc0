"""The cluster's door asks by annotation over what it saw, waits by watching, and says how it ended."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from builders import NAME, NAMESPACE, A, B, C, Json, a_model, a_rollback, a_status, image_of, quarantined
from modelward.domain.codec import encode
from modelward.domain.errors import ClusterError, ConflictError, InvalidCallError, NotFoundError, RefusedError
from modelward.domain.resource import CHECK_AT, REQUESTED_BY, ROLLBACK_AT, ROLLBACK_TO, Resource, parse_resource
from modelward.domain.status import Hold, Phase, RequestRecord, RequestRecords, Status, Verdict
from modelward.remote.choosing import Choice, choose, choose_all
from modelward.remote.door import ClusterDoor, is_good_end
from modelward.remote.moving import plan_rollback

KEY = (NAMESPACE, NAME)
Reply = Callable[[str, Status], list[Status]]


class InMemoryApi:
    """A namespace in memory; `reply` is the operator: from the time that was asked at to the statuses that follow."""

    namespace, user = NAMESPACE, "user ada of context desk"

    def __init__(self, *bodies: Json, reply: Reply = lambda _at, _status: []) -> None:
        self.bodies = {(b["metadata"]["namespace"], b["metadata"]["name"]): b for b in bodies}
        self.reply = reply
        self.coming: list[Json] = []
        self.written: list[dict[str, str]] = []
        self.meddling: list[Status] = []

    def find_all(self, namespace: str | None) -> list[Json]:
        return [body for key, body in self.bodies.items() if namespace in {None, key[0]}]

    def get(self, namespace: str, name: str) -> Json:
        if (namespace, name) not in self.bodies:
            raise NotFoundError(f"there is no ModelDeployment {namespace}/{name}")
        return self.bodies[namespace, name]

    def get_secret(self, namespace: str, name: str) -> dict[str, str]:
        raise NotFoundError(f"there is no Secret {namespace}/{name}")

    def annotate(self, namespace: str, name: str, seen: str, notes: dict[str, str]) -> Json:
        body = self.bodies[namespace, name]
        if self.meddling:
            self._put(namespace, name, self.meddling.pop())
        if self.bodies[namespace, name]["metadata"]["resourceVersion"] != seen:
            raise ConflictError
        self.written.append(notes)
        status = parse_resource(body).status
        at = next(value for key, value in notes.items() if key.endswith("-requested-at"))
        self.coming = [{**body, "status": encode(after)} for after in self.reply(at, status)]
        return body

    def watch(self, namespace: str, name: str, seen: str, seconds: float) -> Iterator[Json]:
        del seen
        assert seconds > 0
        while self.coming:
            self.bodies[namespace, name] = self.coming.pop(0)
            yield self.bodies[namespace, name]

    def _put(self, namespace: str, name: str, status: Status) -> None:
        body = self.bodies[namespace, name]
        meta = {**body["metadata"], "resourceVersion": str(int(body["metadata"]["resourceVersion"]) + 1)}
        self.bodies[namespace, name] = {**body, "metadata": meta, "status": encode(status)}


def a_body(status: Status | None = None, name: str = NAME, **spec: Any) -> Json:
    body = a_model(name, **spec)
    meta = {**body["metadata"], "uid": f"uid-{name}", "resourceVersion": "7"}
    return {**body, "metadata": meta, "status": encode(status or judged())}


def judged(verdict: Verdict = Verdict.HEALTHY, **changes: Any) -> Status:
    return a_status(verdict=verdict, message="R2 is as it was", previous_version=A, samples=120, **changes)


def answers(result: str = "Done", message: str = "checked", **changes: Any) -> Reply:
    """The operator answers a check, and shows what it found."""

    def reply(at: str, status: Status) -> list[Status]:
        records = RequestRecords(check=RequestRecord(at, result, message))
        return [status, replace(status, requests=records, **changes)]

    return reply


def rolls_back(*phases: Phase, result: str = "Done", message: str = f"{B} -> {A}") -> Reply:
    """The operator answers a rollback, which takes some phases."""

    def reply(at: str, status: Status) -> list[Status]:
        answered = replace(status, requests=RequestRecords(rollback=RequestRecord(at, result, message)))
        return [replace(answered, last_rollback=a_rollback(phase)) for phase in phases] or [answered]

    return reply


def door(api: InMemoryApi, patience: float = 60.0) -> ClusterDoor:
    return ClusterDoor(api, patience)


def seen(api: InMemoryApi) -> Resource:
    return parse_resource(api.get(*KEY))


# -- check -----------------------------------------------------------------------------------------------------------

FOUND = {
    "healthy": (Verdict.HEALTHY, (), "OK"),
    "degraded and held": (Verdict.DEGRADED, (Hold("CoolingDown", "the last one is young"),), "DEGRADED"),
    "too little": (Verdict.INSUFFICIENT_DATA, (), "INSUFFICIENT_DATA"),
    "no rows": (Verdict.NO_DATA, (), "INSUFFICIENT_DATA"),
    "no database": (Verdict.SOURCE_ERROR, (), "ERROR"),
}


@pytest.mark.parametrize(("verdict", "holds", "status"), FOUND.values(), ids=FOUND)
def test_a_check_ends_with_what_the_operator_found(verdict: Verdict, holds: tuple[Hold, ...], status: str):
    api = InMemoryApi(a_body(), reply=answers(verdict=verdict, holds=holds))
    (result,) = door(api).check([seen(api)])
    assert (result["status"], result["degradation_check"]["current_version"]) == (status, B)
    assert [held["guard"] for held in result["held_by"]] == [hold.guard for hold in holds]
    assert all(hold.message in result["message"] for hold in holds)
    (notes,) = api.written
    assert set(notes) == {CHECK_AT, REQUESTED_BY}
    assert notes[REQUESTED_BY] == "user ada of context desk"


def test_a_check_that_led_to_a_rollback_follows_it():
    def reply(at: str, status: Status) -> list[Status]:
        (_, answered) = answers(verdict=Verdict.DEGRADED)(at, status)
        return [replace(answered, last_rollback=a_rollback(p)) for p in (Phase.DECIDED, Phase.PATCHED, Phase.VERIFIED)]

    api = InMemoryApi(a_body(), reply=reply)
    (result,) = door(api).check([seen(api)])
    assert (result["status"], result["rolled_back_from"], result["rolled_back_to"]) == ("ROLLED_BACK", B, A)


def test_a_rollback_of_before_is_not_taken_for_one_of_this_check():
    api = InMemoryApi(a_body(judged(last_rollback=a_rollback())), reply=answers())
    assert door(api).check([seen(api)])[0]["status"] == "OK"


def test_a_check_that_is_refused_or_not_answered_is_an_error_with_its_reason():
    refused = InMemoryApi(a_body(), reply=answers("Refused", "spec.suspend is true"))
    (result,) = door(refused).check([seen(refused)])
    assert (result["status"], result["message"]) == ("ERROR", "spec.suspend is true")
    silent = InMemoryApi(a_body())
    (result,) = door(silent, patience=0.0).check([seen(silent)])
    assert result["status"] == "ERROR"
    assert "gave up waiting for the operator's answer. Does it run?" in result["message"]


# -- rollback --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [Phase.VERIFIED, Phase.FAILED, Phase.SUPERSEDED])
def test_a_rollback_is_followed_to_its_end(end: Phase):
    api = InMemoryApi(a_body(), reply=rolls_back(Phase.DECIDED, Phase.PATCHED, end))
    result = door(api).roll_back(plan_rollback(seen(api), None), seen(api))
    assert (result["phase"], is_good_end(result)) == (end.value, end is Phase.VERIFIED)
    (notes,) = api.written
    assert notes[ROLLBACK_TO] == A, "what was agreed on is named, and not left to what is previous by then"
    assert ROLLBACK_AT in notes


def test_a_rollback_that_the_operator_refuses_says_why():
    api = InMemoryApi(a_body(), reply=rolls_back(result="Refused", message="target version v9 not found"))
    with pytest.raises(RefusedError, match="target version v9 not found"):
        door(api).roll_back(plan_rollback(seen(api), "v9"), seen(api))


def test_what_somebody_else_writes_meanwhile_is_looked_at_before_anything_is_asked_for():
    api = InMemoryApi(a_body(), reply=rolls_back(Phase.VERIFIED))
    before = seen(api)
    api.meddling = [judged(change="r2 -1 %")]
    assert is_good_end(door(api).roll_back(plan_rollback(before, None), before))
    moved = InMemoryApi(a_body(), reply=rolls_back(Phase.VERIFIED))
    moved.meddling = [a_status(A, B, C)]
    with pytest.raises(RefusedError, match=f"{C} serves now, and no longer {B}"):
        door(moved).roll_back(plan_rollback(before, None), before)
    assert moved.written == []


def test_a_rollback_takes_longer_than_the_patience_and_says_that_it_goes_on():
    api = InMemoryApi(a_body(), reply=rolls_back(Phase.PATCHED))
    with pytest.raises(ClusterError, match="which goes on"):
        door(api, patience=0.05).roll_back(plan_rollback(seen(api), None), seen(api))


PLANS = {
    "the version before": (judged(), {}, None, A, "goes into quarantine"),
    "one that never served": (judged(), {}, "v9", "v9", "the operator looks it up in the database"),
    "one in quarantine": (judged(quarantine=quarantined(A)), {}, A, A, "put back all the same"),
    "another one than the spec": (judged(), {"version": B}, None, A, f"spec.version {B} is held back"),
    "while suspended": (judged(), {"suspend": True}, None, A, "the operator will refuse"),
}


@pytest.mark.parametrize(("status", "spec", "asked", "to", "note"), PLANS.values(), ids=PLANS)
def test_a_plan_says_what_follows(status: Status, spec: dict[str, Any], asked: str | None, to: str, note: str):
    plan = plan_rollback(parse_resource(a_body(status, **spec)), asked)
    assert (plan["from_version"], plan["to_version"], plan["deployment"]) == (B, to, NAME)
    assert plan["to_value"] == (image_of(A) if to == A else None)
    assert any(note in said for said in plan["notes"])


IMPOSSIBLE = {
    "nothing older": (a_status(B), None, f"no earlier version to go back to; known versions: {B}"),
    "what serves": (judged(), B, f"{B} is what serves already; known versions: {B}, {A}"),
    "one under way": (judged(last_rollback=a_rollback(Phase.PATCHED)), None, "is under way"),
    "nothing known": (Status(), None, "no version is known to serve"),
}


@pytest.mark.parametrize(("status", "asked", "words"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_what_cannot_be_done_is_refused_before_anybody_is_asked(status: Status, asked: str | None, words: str):
    with pytest.raises(RefusedError, match=words):
        plan_rollback(parse_resource(a_body(status)), asked)


# -- which are meant -------------------------------------------------------------------------------------------------


def test_the_only_one_needs_no_name_and_of_several_one_has_to_be_named():
    one = InMemoryApi(a_body())
    assert [r.name for r in choose(one, Choice())] == [NAME]
    two = InMemoryApi(a_body(), a_body(name="churn"))
    with pytest.raises(InvalidCallError, match=f"namespace ml holds churn, {NAME}: name one"):
        choose(two, Choice())
    assert [r.name for r in choose(two, Choice(every=True))] == ["churn", NAME]
    assert [r.name for r in choose_all(two, Choice())] == ["churn", NAME]
    assert [r.name for r in choose(two, Choice(("mdl/churn",)))] == ["churn"]


@pytest.mark.parametrize(
    ("choice", "kind", "words"),
    [
        (Choice(("chrun",)), NotFoundError, "namespace ml holds: churn"),
        (Choice(("pod/churn",)), InvalidCallError, "no ModelDeployment: give its name"),
        (Choice(("../x",)), InvalidCallError, "no ModelDeployment"),
        (Choice(("churn",), every=True), InvalidCallError, "not both"),
    ],
)
def test_a_name_that_cannot_be_meant_is_said(choice: Choice, kind: type[Exception], words: str):
    with pytest.raises(kind, match=words):
        choose(InMemoryApi(a_body(name="churn")), choice)


def test_an_empty_namespace_is_said():
    with pytest.raises(ClusterError, match="namespace ml holds no ModelDeployment; -n names another"):
        choose(InMemoryApi(), Choice())
