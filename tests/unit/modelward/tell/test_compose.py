"""What a message says: subject and text of every reason, and nothing in it that could break a header or a screen."""

from dataclasses import replace

import pytest

from builders import HOUR, NOW, A, B, image_of
from modelward.decide.news import TOLD
from modelward.domain.alerts import AlertOn
from modelward.domain.letters import Evidence, Figure, Letter, Step
from modelward.domain.messages import About
from modelward.domain.reasons import Reason
from modelward.tell.compose import compose
from modelward.tell.post import OVER, make_alerts
from modelward.tell.sentences import DONE, NEXT, TITLES

ABOUT = About("ml", "house-prices", "prices", "production")
EVIDENCE = Evidence(
    (
        Figure("r2", "0.930", "0.850", "-8.6", "5", breached=True),
        Figure("mae", None, "12", None, "5"),
    ),
    1204,
    NOW - 24 * HOUR,
    NOW,
    "BeforeAfter",
)
LETTER = Letter("1d", "e", Step.PATCHED, Reason.ROLLED_BACK, NOW, "R2 fell", from_=B, to=A, evidence=EVIDENCE)
ENDING = (Reason.METRICS_AVAILABLE, Reason.VERSION_CHANGED, Reason.VERSION_PLACED)
ALL = [*AlertOn, Reason.QUARANTINE_ENFORCED, *ENDING]


def test_the_mail_of_a_rollback():
    message = compose(LETTER, ABOUT)
    assert message.subject == f"[modelward] ml/house-prices: rolled back {B} -> {A}"
    assert message.text.splitlines()[:12] == [
        "Model:     prices, environment production",
        "Resource:  ml/house-prices",
        f"Versions:  {B} -> {A}",
        "Time:      2026-01-08T14:32:23Z",
        "Who:       modelward",
        "",
        "Why: R2 fell",
        "  R2     0.930 -> 0.850 (-8.6 %, limit 5 %, BEYOND)",
        "  MAE    undefined -> 12 (not judged)",
        "  1,204 samples from 2026-01-07T14:32:23Z to 2026-01-08T14:32:23Z, compared BeforeAfter",
        "",
        f"What was done: The Deployment was put back on {A}. {B} is in quarantine: it is not put back by itself.",
    ]
    assert message.text.splitlines()[-4:-2] == [
        "To look further:",
        "  kubectl describe modeldeployment house-prices -n ml",
    ]


@pytest.mark.parametrize("reason", ALL)
def test_every_reason_has_words_of_its_own(reason: str):
    assert reason in TITLES
    assert reason in DONE
    message = compose(replace(LETTER, reason=reason), ABOUT)
    assert "{" not in message.subject + message.text
    ends = reason in {Reason.RECOVERED, *ENDING}
    assert ends or "What to do: " in message.text
    assert {alert["labels"]["namespace"] for alert in make_alerts(message, NOW)} == {"ml"}


@pytest.mark.parametrize("reason", [Reason.DEGRADED, Reason.METRICS_UNAVAILABLE])
def test_without_versions_it_still_reads(reason: Reason):
    message = compose(replace(LETTER, reason=reason, from_=None, to=None, evidence=Evidence()), ABOUT)
    assert "None" not in message.subject + message.text


def test_what_stands_in_a_database_breaks_neither_header_nor_screen():
    odd = "v1\r\nBcc: eve@example.com\x1b[2J"
    message = compose(replace(LETTER, from_=odd, message=odd, actor=odd), replace(ABOUT, model_name=odd))
    assert "\n" not in message.subject
    assert "\x1b" not in message.text
    assert "\nBcc" not in message.text
    assert len(compose(replace(LETTER, from_="v" * 500), ABOUT).subject) <= 200


def test_the_facts_name_their_form():
    facts = compose(LETTER, ABOUT).facts
    assert facts["form"] == "modelward.dev/alert/v1"
    assert (facts["id"], facts["event"], facts["step"], facts["reason"]) == ("1d", "e", "Patched", "RolledBack")
    assert facts["evidence"]["metrics"][0]["changePercent"] == "-8.6"


def test_the_facts_name_what_was_replaced_by_what():
    facts = compose(replace(LETTER, from_value=image_of(B), to_value=image_of(A)), ABOUT).facts
    assert (facts["from"], facts["fromValue"]) == (B, image_of(B))
    assert (facts["to"], facts["toValue"]) == (A, image_of(A))


def test_a_recovery_ends_the_alert_of_the_degradation():
    (began,) = make_alerts(compose(replace(LETTER, reason=Reason.DEGRADED), ABOUT), NOW)
    (ended,) = make_alerts(compose(replace(LETTER, reason=Reason.RECOVERED), ABOUT), NOW)
    assert began["labels"] == ended["labels"]
    assert (began["endsAt"], ended["endsAt"]) == ("2026-01-09T14:32:23Z", "2026-01-08T14:32:23Z")


@pytest.mark.parametrize("reason", [Reason.VERSION_CHANGED, Reason.VERSION_PLACED])
def test_a_new_version_ends_whatever_was_told_of_the_one_before(reason: Reason):
    ended = make_alerts(compose(replace(LETTER, reason=reason), ABOUT), NOW)
    assert {alert["labels"]["alertname"] for alert in ended} == {f"Modelward{each}" for each in OVER}
    assert {alert["endsAt"] for alert in ended} == {"2026-01-08T14:32:23Z"}


def test_all_that_is_told_of_can_be_asked_for():
    assert set(TOLD.values()) <= set(AlertOn)
    assert {reason for reason in NEXT if reason not in set(AlertOn)} == {
        Reason.QUARANTINE_ENFORCED,  # told of as a rollback
        Reason.ROLLBACK_REFUSED,  # told of as one that failed
    }
