"""Receivers: named by place and kind, never by address; known again whatever their password is."""

import pytest

from modelward.evaluation.alerting import Receiver, find_receivers
from modelward.tell.fence import find_addresses

MAIL = "mailtos://ada:{}@smtp.example.com:587?from=a@example.com&to=b@example.com"


def receiver(url: str) -> Receiver:
    (found,) = find_receivers([url])
    assert found.address is not None, found.problem
    return found


@pytest.mark.parametrize("other", [MAIL.format("other"), MAIL.format("") + "&pass=other"])
def test_a_changed_password_is_the_same_receiver(other: str):
    assert receiver(other).key == receiver(MAIL.format("s3cret")).key


@pytest.mark.parametrize(
    "other",
    ["mailtos://bob:x@smtp.example.com:587?from=a@example.com&to=b@example.com", MAIL.format("x") + "&cc=c@d.e"],
)
def test_another_mailbox_is_another_receiver(other: str):
    assert receiver(other).key != receiver(MAIL.format("x")).key


@pytest.mark.parametrize(
    ("url", "name"),
    [
        (MAIL.format("s3cret"), "1 (mailtos)"),
        ("slack://s3cretT/s3cretB/s3cretX", "1 (slack)"),
        ("s3cret://x", "1"),
        ("s3cret", "1"),
    ],
)
def test_a_name_says_no_more_than_place_and_kind(url: str, name: str):
    (found,) = find_receivers([url])
    assert found.name == name
    assert "s3cret" not in found.problem + repr(found)


def test_nobody_is_named_and_nobody_is_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("MODELWARD_ALERT_URLS", raising=False)
    monkeypatch.delenv("MODELWARD_ALERT_FILE", raising=False)
    assert find_receivers() == ()


def test_addresses_of_the_environment_may_stand_on_lines_of_their_own(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MODELWARD_ALERT_URLS", f"\n  {MAIL.format('x')}\n json://example.com\n")
    assert [r.name for r in find_receivers()] == ["1 (mailtos)", "2 (json)"]
    assert find_receivers([]) == (), "an empty list means nobody, whatever the environment says"


def test_without_a_cluster_no_api_server_is_fenced():
    assert find_addresses("") == frozenset()
