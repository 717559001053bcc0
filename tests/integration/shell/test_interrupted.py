"""S20: a database that dies in the middle of a rollback, and two people at once, leave nothing half done."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from builders import A, B, C
from modelward import ModelMonitor
from modelward.domain.errors import SourceError
from registry import BAD, Registry, guide, shell
from sandbox.database import EmbeddedDatabase, start_embedded

KILL = """
CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_terminate_backend(pg_backend_pid());
    PERFORM pg_sleep(60);
    RETURN NEW;
END $$
"""
MOMENTS = {
    "as the old version leaves": "CREATE TRIGGER die BEFORE UPDATE ON model_versions FOR EACH ROW "
    "WHEN (OLD.is_production AND NOT NEW.is_production) EXECUTE FUNCTION die()",
    "between the two": "CREATE TRIGGER die BEFORE UPDATE ON model_versions FOR EACH ROW "
    "WHEN (NEW.is_production AND NOT OLD.is_production) EXECUTE FUNCTION die()",
    "before the audit": "CREATE TRIGGER die BEFORE INSERT ON modelward.audit FOR EACH ROW EXECUTE FUNCTION die()",
    "at the commit": "CREATE CONSTRAINT TRIGGER die AFTER INSERT ON modelward.audit "
    "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION die()",
}


@pytest.mark.parametrize("trigger", MOMENTS.values(), ids=MOMENTS)
@pytest.mark.parametrize("verb", [["rollback", "--yes"], ["check"]], ids=["rollback", "check"])
def test_S20_a_connection_killed_leaves_nothing_half_done(database_url: str, trigger: str, verb: list[str]):
    registry = guide(database_url, BAD)
    registry.ask(KILL)
    registry.ask(trigger)
    run = shell(database_url)
    broken = run(*verb)
    assert (broken.exit_code, registry.production, registry.audited) == (1, [B], [])
    assert "the connection to the database was lost; nothing was changed, try again" in broken.stderr
    registry.ask("DROP FUNCTION die() CASCADE")
    again = run(*verb)
    assert again.exit_code == (4 if verb == ["check"] else 0)
    assert (registry.production, registry.audited) == ([A], [(B, A)])


def test_S20_from_python_it_is_an_error_and_not_a_false(database_url: str):
    registry = guide(database_url, BAD)
    registry.ask(KILL)
    registry.ask(MOMENTS["between the two"])
    with ModelMonitor(database_url) as monitor:
        with pytest.raises(SourceError, match="nothing was changed"):
            monitor.manual_rollback()
        registry.ask("DROP FUNCTION die() CASCADE")
        assert monitor.manual_rollback() is True, "the monitor connects anew"


@pytest.fixture
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedDatabase]:
    """A server that this test may stop."""
    server = start_embedded(tmp_path_factory.mktemp("own"))
    yield server
    server.stop()


def test_S20_a_server_that_goes_down_is_said_and_the_next_call_finds_it_again(own_server: EmbeddedDatabase):
    shell(own_server.url)("db", "init")
    registry = guide(own_server.url, BAD)
    with ModelMonitor(own_server.url) as monitor:
        assert monitor.get_model_history()
        own_server.pause()
        with pytest.raises(SourceError):
            monitor.check_and_respond()
        down = shell(own_server.url)("status")
        assert (down.exit_code, "does not answer" in down.stdout) == (1, True)
        own_server.resume()
        assert registry.production == [B]
        assert monitor.check_and_respond()["status"] == "ROLLED_BACK"


def test_two_checks_at_once_roll_back_once(database_url: str):
    registry = guide(database_url, BAD)

    def check(_: int) -> str:
        with ModelMonitor(database_url) as monitor:
            try:
                return monitor.check_and_respond()["status"]
            except Exception as error:  # noqa: BLE001  whatever it is, it is looked at below
                return f"{type(error).__name__}: {error}"

    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(check, range(4)))
    assert said.count("ROLLED_BACK") == 1
    assert (registry.production, registry.audited) == ([A], [(B, A)])
    others = [s for s in said if s != "ROLLED_BACK"]
    assert all(s == "INSUFFICIENT_DATA" or "came into production meanwhile" in s for s in others), others


def test_a_version_deployed_while_a_person_thinks_is_respected(database_url: str):
    registry = guide(database_url, BAD)
    registry.register(C, days_ago=0)
    with ModelMonitor(database_url) as monitor:
        plan = monitor._door.plan_rollback(None, force=False)
        registry.promote(C)
        with pytest.raises(Exception, match=f"{C} came into production meanwhile"):
            monitor._door.roll_back(plan, "too late")
    assert registry.production == [C]


def test_a_registry_that_is_locked_is_not_waited_for_without_end(database_url: str):
    registry = Registry(database_url)
    guide(database_url, BAD)
    with psycopg.connect(database_url) as other, ModelMonitor(database_url) as monitor:
        other.execute("SELECT 1 FROM model_versions FOR UPDATE")
        monitor._door.ledger._settings["lock_timeout"] = "50ms"  # type: ignore[attr-defined]
        with pytest.raises(SourceError, match="lock timeout"):
            monitor.manual_rollback()
        other.rollback()
    assert registry.production == [B]
