"""An administrator is told by the verbs on a database alone: by mail and webhook, after it was done, and once."""

import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from builders import A, B, C
from modelward import ModelEvaluationDB, ModelMonitor
from modelward.tell.post import sign
from receivers import PASSWORD, Hook, Mailbox, mail_url
from registry import BAD, GOOD, MINOR, Shell, guide, monitor, shell
from sandbox.ports import free_ports

Send = Callable[..., Shell]


@pytest.fixture
def alerting(
    database_url: str, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Shell]:
    """Return a `modelward` that is told whom to tell as a crontab says it."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))

    def run_with(*urls: str) -> Shell:
        monkeypatch.setenv("MODELWARD_ALERT_URLS", " ".join(urls))
        return shell(database_url)

    return run_with


def a_deaf_receiver() -> str:
    return f"jsons://{PASSWORD}@127.0.0.1:{free_ports(1)[0]}/"


def test_S13_a_rollback_is_mailed_with_versions_numbers_and_what_to_do_next(
    database_url: str, alerting: Send, mailbox: Mailbox
):
    registry = guide(database_url, BAD)
    result = alerting(mail_url(mailbox))("check")
    assert (result.exit_code, registry.production) == (4, [A])
    (mail,) = mailbox.mails
    assert (mail["To"], mail["From"]) == ("admin@example.com", "modelward@example.com")
    assert mail["Subject"] == f"[modelward] house-prices: rolled back {B} -> {A}"
    text = mail.get_content()
    for words in (
        f"Versions:  {B} -> {A}",
        "Who:       alice@desk",
        "Why: R2 0.930 -> 0.850 (-8.6 %, limit 5 %), RMSE 3480 -> 4200 (+20.7 %, limit 5 %), 120 samples",
        "R2     0.930 -> 0.850 (-8.6 %, limit 5 %, BEYOND)",
        "RMSE   3480 -> 4200 (+20.7 %, limit 5 %, BEYOND)",
        f"model_versions says that {A} is in production now",
        "train anew",
        "modelward explain --model house-prices",
    ):
        assert words in text
    assert "kubectl" not in text
    assert PASSWORD not in result.output


@pytest.mark.parametrize("arguments", [["rollback", "--yes", "--reason", "customers complain"], ["rollback", A, "-y"]])
def test_S13_a_rollback_by_hand_is_mailed_too(
    database_url: str, alerting: Send, mailbox: Mailbox, arguments: list[str]
):
    guide(database_url)
    assert alerting(mail_url(mailbox))(*arguments).exit_code == 0
    (mail,) = mailbox.mails
    assert f"rolled back {B} -> {A}" in mail["Subject"]
    assert f"Why: {'customers complain' if '--reason' in arguments else 'asked for'}" in mail.get_content()


def test_S13_the_guides_flags_and_objects_mail_as_well(
    database_url: str, alerting: Send, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
):
    registry = guide(database_url, BAD)
    alerting(mail_url(mailbox))
    assert f"Alert RolledBack {B} -> {A} sent to 1 (mailto)" in monitor(database_url)("--check").stderr
    registry.promote(B)
    monkeypatch.delenv("MODELWARD_ALERT_URLS")
    with ModelMonitor(database_url, alert_urls=[mail_url(mailbox)]) as watching:
        assert watching.manual_rollback() is True
        assert watching.check_and_respond()["alerts"] == []
    registry.promote(B)
    with ModelEvaluationDB(database_url, alert_urls=[mail_url(mailbox)]) as db:
        assert db.rollback_production_model() is True
    assert [mail["Subject"] for mail in mailbox.mails] == [f"[modelward] house-prices: rolled back {B} -> {A}"] * 3


def test_S14_a_receiver_that_is_down_changes_nothing_and_hears_of_it_at_the_next_check(
    database_url: str, alerting: Send, mailbox: Mailbox
):
    registry = guide(database_url, BAD)
    mailbox.refuses = True
    run = alerting(mail_url(mailbox), a_deaf_receiver())
    result = run("check")
    assert (result.exit_code, registry.production) == (4, [A])
    assert f"Warning: alert RolledBack {B} -> {A} to 1 (mailto): the mail server answered 451" in result.stderr
    assert f"Warning: alert RolledBack {B} -> {A} to 2 (jsons): the connection was refused" in result.stderr
    mailbox.refuses = False
    run("check")
    run("check")
    assert [mail["Subject"] for mail in mailbox.mails] == [f"[modelward] house-prices: rolled back {B} -> {A}"]
    assert PASSWORD not in str(registry.ask("SELECT * FROM modelward.audit")) + result.output


def test_S14_a_degraded_version_that_stays_is_told_once_and_once_more_when_it_has_recovered(
    database_url: str, alerting: Send, hook: Hook, monkeypatch: pytest.MonkeyPatch
):
    registry = guide(database_url, BAD)
    monkeypatch.setenv("MODELWARD_ALERT_SIGNING_KEY", "k3y")
    run = alerting(f"http://127.0.0.1:{hook.port}/hook")
    for _ in range(2):
        assert run("check", "--no-auto-rollback").exit_code == 3
    registry.ask("DELETE FROM model_predictions WHERE model_version = %s", B)
    registry.predict(B, GOOD, hours_ago=2)
    for _ in range(2):
        assert run("check", "--no-auto-rollback").exit_code == 0
    registry.ask("DELETE FROM model_predictions WHERE model_version = %s", B)
    registry.predict(B, BAD, hours_ago=2)
    run("check", "--no-auto-rollback")
    bodies = [json.loads(body) for _, _, body in hook.posts]
    assert [body["reason"] for body in bodies] == ["Degraded", "Recovered", "Degraded"]
    assert len({body["id"] for body in bodies}) == 3
    assert (bodies[0]["from"], bodies[0]["to"], bodies[0]["model"]) == (B, A, "house-prices")
    assert "a person decides" in bodies[0]["message"]
    for _, headers, body in hook.posts:
        assert headers["X-Modelward-Signature-256"] == sign(body, "k3y")
    assert registry.production == [B]


def test_S14_a_rollback_that_fails_is_told_although_the_database_cannot_keep_it(
    database_url: str, alerting: Send, mailbox: Mailbox
):
    registry = guide(database_url, BAD)
    registry.ask("CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'disk full'; END$$")
    registry.ask("CREATE TRIGGER broken BEFORE UPDATE ON model_versions FOR EACH ROW EXECUTE FUNCTION broken()")
    result = alerting(mail_url(mailbox))("check")
    assert (result.exit_code, registry.production, registry.audited) == (1, [B], [])
    (mail,) = mailbox.mails
    assert mail["Subject"] == f"[modelward] house-prices: rollback {B} -> {A} FAILED"
    assert "disk full" in mail.get_content()
    mailbox.refuses = True
    lost = alerting(mail_url(mailbox))("check")
    assert (lost.exit_code, "not everybody could be told: 1 (mailto): the mail server answered 451" in lost.stderr) == (
        1,
        True,
    )


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("ftp://admin:s3cret@example.com", "alert address 1 is of a kind that is not allowed"),
        ("https://example.com/s3cret", "MODELWARD_ALERT_SIGNING_KEY is not set to sign with"),
        ("s3cret", "alert address 1 is not a URL"),
        ("mailto://a:s3cret@example.com?template=/etc/passwd", "option(s) that are not allowed"),
    ],
)
def test_S13_a_broken_address_is_said_and_the_rollback_happens(
    database_url: str, alerting: Send, address: str, words: str
):
    registry = guide(database_url, BAD)
    result = alerting(address)("check")
    assert (result.exit_code, registry.production) == (4, [A])
    assert words in result.stderr
    assert "s3cret" not in result.output


def test_an_address_in_a_file_is_the_quiet_way_and_one_on_the_line_is_warned_of(
    database_url: str, hook: Hook, tmp_path: Path
):
    guide(database_url, BAD)
    file = tmp_path / "alerts"
    file.write_text(f"# the team\n\njson://127.0.0.1:{hook.port}/file\n")
    run = shell(database_url)
    said = run("check", "--no-auto-rollback", "--alert-file", str(file))
    assert [path for path, _, _ in hook.posts] == ["/file"]
    assert said.stderr == ""
    said = run("rollback", "--yes", "--alert-url", f"json://127.0.0.1:{hook.port}/line")
    assert [path for path, _, _ in hook.posts] == ["/file", "/line", "/line"], "and what the file has heard of before"
    assert "who lists the processes of this machine sees --alert-url" in said.stderr


def test_a_file_of_addresses_that_is_not_there_is_said_and_the_rollback_happens(database_url: str, tmp_path: Path):
    registry = guide(database_url, BAD)
    result = shell(database_url)("check", "--alert-file", str(tmp_path / "none"))
    assert (result.exit_code, registry.production) == (4, [A])
    assert "the file of alert addresses cannot be read: No such file or directory" in result.stderr


def test_addresses_of_the_environment_and_of_its_file_are_both_told(
    database_url: str, alerting: Send, hook: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    guide(database_url, BAD)
    file = tmp_path / "alerts"
    file.write_text(f"json://127.0.0.1:{hook.port}/file\n")
    monkeypatch.setenv("MODELWARD_ALERT_FILE", str(file))
    alerting(f"json://127.0.0.1:{hook.port}/url")("check")
    assert sorted(path for path, _, _ in hook.posts) == ["/file", "/url"]


def test_what_only_looks_or_changes_nothing_tells_nobody(database_url: str, alerting: Send, hook: Hook):
    guide(database_url, BAD)
    run = alerting(f"json://127.0.0.1:{hook.port}/")
    for arguments in (["check", "--dry-run"], ["explain"], ["status"], ["history"], ["compare", B, A]):
        run(*arguments)
    assert hook.posts == []


def test_what_a_user_who_may_not_write_finds_is_told_each_time(
    database_url: str, hook: Hook, caplog: pytest.LogCaptureFixture
):
    registry = guide(database_url, BAD)
    registry.ask("REVOKE ALL ON modelward.audit FROM PUBLIC")
    registry.ask("ALTER DATABASE " + database_url.rpartition("/")[2] + " SET default_transaction_read_only = on")
    with (
        caplog.at_level(logging.WARNING, "modelward"),
        ModelMonitor(database_url, auto_rollback=False, alert_urls=[f"json://127.0.0.1:{hook.port}/"]) as watching,
    ):
        outcomes = [watching.check_and_respond()["alerts"] for _ in range(2)]
    assert [[(o["reason"], o["delivered"]) for o in said] for said in outcomes] == [[("Degraded", True)]] * 2
    assert "what is told cannot be remembered" in caplog.text


def test_an_old_rollback_is_not_dug_up(database_url: str, alerting: Send, hook: Hook):
    registry = guide(database_url, BAD)
    assert shell(database_url)("check").exit_code == 4
    registry.ask("UPDATE modelward.audit SET at = now() - interval '25 hours'")
    registry.register(C, days_ago=0)
    registry.promote(C)
    registry.predict(C, MINOR, hours_ago=1)
    alerting(f"json://127.0.0.1:{hook.port}/")("check")
    assert hook.posts == []
