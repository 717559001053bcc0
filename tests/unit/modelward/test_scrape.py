"""/metrics: what is read from memory, in the exposition format, however many resources there are."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from builders import NOW, a_resource, a_rollback, a_status
from modelward.domain.letters import AlertStatus, Letter, Outbox, Step
from modelward.domain.reasons import Reason
from modelward.domain.status import Condition, MetricStatus, Phase, Status, Verdict, WindowStatus
from modelward.readings import Sources
from modelward.registry import Registry
from modelward.scrape import FAMILIES, PIECE, pieces

WHO = {"namespace": "ml", "name": "house-prices"}
Found = dict[str, list[tuple[dict[str, str], float]]]


def sources(*statuses: Status, **changes: Any) -> Sources:
    """Return an operator that leads, with one resource for each status."""
    registry = Registry()
    for number, status in enumerate(statuses):
        resource = a_resource(status=status)
        registry.put(resource if not number else replace(resource, name=f"m{number}", uid=f"uid-{number}"))
    ordinary: dict[str, Any] = {
        "monotonic": lambda: 1000.0,
        "sweep_lag": lambda: 1.5,
        "is_leading": lambda: True,
        "is_ready": lambda: True,
        "is_breaker_open": lambda: False,
        "api_requests": lambda: Counter(GET=7, PATCH=2),
        "statements": lambda: 11,
    }
    return Sources(registry, **(ordinary | changes))


def scrape(given: Sources) -> Found:
    """Read an exposition as Prometheus does; what stands in it twice is an error there too."""
    text = b"".join(pieces(given)).decode()
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    series = [(s.name, tuple(sorted(s.labels.items()))) for s in samples]
    assert len(series) == len(set(series))
    heads = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert len(heads) == len(set(heads))
    found: Found = {}
    for sample in samples:
        found.setdefault(sample.name, []).append((dict(sample.labels), sample.value))
    return found


def test_a_resource_says_how_it_stands():
    metric = MetricStatus("r2", current="0.85", previous="0.93", limit_percent="5", breached=True)
    ready = Condition("Ready", "True", "Watching", "", NOW)
    window = WindowStatus(NOW, NOW, predictions=400, samples=300, label_coverage_percent="75")
    status = a_status(
        verdict=Verdict.DEGRADED, metrics=(metric,), samples=300, window=window, conditions=(ready,),
        last_rollback=a_rollback(Phase.FAILED),
    )  # fmt: skip
    found = scrape(sources(status))
    assert found["modelward_verdict"] == [(WHO | {"verdict": "Degraded"}, 1)]
    assert found["modelward_ready"] == [(WHO | {"reason": "Watching"}, 1)]
    assert found["modelward_metric_value"] == [
        (WHO | {"metric": "r2", "version": "current"}, 0.85),
        (WHO | {"metric": "r2", "version": "previous"}, 0.93),
    ]
    assert found["modelward_metric_breached"] == [(WHO | {"metric": "r2"}, 1)]
    assert found["modelward_metric_limit_ratio"] == [(WHO | {"metric": "r2"}, 0.05)]
    assert found["modelward_samples"] == [(WHO, 300)]
    assert found["modelward_label_coverage_ratio"] == [(WHO, 0.75)]
    ended = a_rollback(Phase.FAILED).finished_time
    assert ended is not None
    assert found["modelward_last_rollback_timestamp_seconds"] == [(WHO | {"phase": "Failed"}, ended.timestamp())]


def test_what_is_not_known_is_absent_and_not_zero():
    found = scrape(sources(a_status(metrics=(MetricStatus("r2", undefined="constant actuals"),))))
    absent = ("verdict", "ready", "metric_value", "samples", "label_coverage_ratio", "evaluation_age_seconds")
    assert not found.keys() & {f"modelward_{name}" for name in absent}
    assert "modelward_alert_receivers_failing" not in found


@pytest.mark.parametrize("text", ["NaN", "inf", "many", ""])
def test_a_figure_that_is_no_number_is_left_out(text: str):
    found = scrape(sources(a_status(metrics=(MetricStatus("r2", current=text, previous="0.9"),))))
    assert [labels["version"] for labels, _ in found["modelward_metric_value"]] == ["previous"]


def test_a_window_without_predictions_has_no_coverage():
    assert "modelward_label_coverage_ratio" not in scrape(sources(a_status(window=WindowStatus(NOW, NOW))))


def test_the_age_counts_from_the_last_answer():
    given = sources(a_status())
    (entry,) = given.registry.entries.values()
    entry.answered_at = 940.0
    assert scrape(given)["modelward_evaluation_age_seconds"] == [(WHO, 60)]


def test_the_lag_of_labels_is_that_of_the_last_answer():
    given = sources(a_status())
    assert "modelward_label_lag_seconds" not in scrape(given)
    (entry,) = given.registry.entries.values()
    entry.label_lag = 7200.0
    assert scrape(given)["modelward_label_lag_seconds"] == [(WHO, 7200)]


def test_receivers_that_cannot_be_reached_and_what_waits_for_them_are_counted():
    stands = (AlertStatus("mail", Reason.ALERTS_READABLE, ""), AlertStatus("pager", Reason.ALERT_FAILED, "refused"))
    letter = Letter("id", "event", Step.SEEN, "Degraded", NOW, "worse")
    found = scrape(sources(a_status(alerts=stands, outbox=Outbox((letter,)))))
    assert found["modelward_alert_receivers_failing"] == [(WHO, 1)]
    assert found["modelward_undelivered_letters"] == [({}, 1)]


def test_the_operator_says_how_it_stands_itself():
    found = scrape(sources(a_status(), a_status(), is_breaker_open=lambda: True, is_leading=lambda: False))
    assert found["modelward_resources"] == [({}, 2)]
    assert found["modelward_sweep_lag_seconds"] == [({}, 1.5)]
    assert found["modelward_breaker_open"] == [({}, 1)]
    assert found["modelward_lease_held"] == [({}, 0)]
    assert found["modelward_operator_ready"] == [({}, 1)]
    assert found["modelward_api_requests_total"] == [({"verb": "GET"}, 7), ({"verb": "PATCH"}, 2)]
    assert found["modelward_sql_statements_total"] == [({}, 11)]
    assert len(found["modelward_build_info"]) == 1


def test_many_resources_come_in_pieces_that_make_one_whole():
    many = sources(*(a_status(verdict=Verdict.HEALTHY) for _ in range(2 * PIECE + 1)))
    assert len(scrape(many)["modelward_verdict"]) == 2 * PIECE + 1


def test_resources_may_come_and_go_while_pieces_are_written():
    given = sources(*(a_status(verdict=Verdict.HEALTHY) for _ in range(2 * PIECE)))
    written = []
    for piece in pieces(given):
        written.append(piece)
        given.registry.drop(next(iter(given.registry.entries)))
    assert b"".join(written).count(b"modelward_verdict{") >= PIECE


def test_nothing_is_kept_between_two_scrapes():
    before = generate_latest()
    scrape(sources(a_status(verdict=Verdict.HEALTHY)))
    assert b"modelward_verdict" not in before + generate_latest()


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.name)
def test_names_follow_the_conventions(family: Any):
    assert family.name.startswith("modelward_")
    assert family.meaning.endswith((".", ")."))
    assert not family.name.endswith(("_total", "_count", "_sum", "_bucket", "_percent", "_milliseconds"))
    assert set(family.labels) <= {"verdict", "reason", "metric", "version", "phase", "verb"}


def test_of_clocks_that_differ_the_furthest_is_said_with_its_sign():
    given = sources(a_status(), a_status(), a_status())
    for entry, offset in zip(given.entries, (30, -600, 0), strict=True):
        entry.clock_offset = timedelta(seconds=offset)
    assert scrape(given)["modelward_clock_offset_seconds"] == [({}, -600)]
    assert scrape(sources())["modelward_clock_offset_seconds"] == [({}, 0)]
