"""Databases that do not answer: each failure has its reason, no secret is ever shown, and nobody waits for another."""

import secrets
import socket
from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from cluster.scenes import WORSE, A, B, Model, condition, image_of, is_condition
from sandbox.database import EmbeddedDatabase
from sandbox.kubectl import Kubectl
from sandbox.operator import Operator

CANARY = "canary-7f3a"  # a password; nobody may ever read it
Keys = dict[str, str]


@pytest.fixture
def model(operator: Operator, kubectl: Kubectl, database_url: str) -> Model:
    """Version A serves; there is no Secret yet."""
    assert operator.is_ready()
    model = Model(kubectl, database_url)
    model.predict(A)
    model.deploy(A)
    return model


@pytest.fixture
def black_hole() -> Iterator[socket.socket]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def keys_of(url: str, **changes: str) -> Keys:
    """Spell a URL out, with changes."""
    return {key: str(value) for key, value in conninfo_to_dict(url).items()} | changes


def give(model: Model, keys: Keys, name: str = "modelward-db") -> None:
    """Write the Secret."""
    metadata = {"name": name}
    model.kubectl.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": keys})


def everything_said(model: Model, operator: Operator) -> str:
    """Collect all that a person may read."""
    seen = [model.kubectl.run("get", kind, "--output=json") for kind in ("mdl", "events", "events.events.k8s.io")]
    return "\n".join([*seen, operator.log()])


NOT_ALLOWED = (
    "the host is this machine, its link, cloud metadata or the API server: not allowed; "
    "databases.networks of the chart allows a proxy beside the operator"
)
CASES: dict[str, tuple[Callable[[str], Keys], str, str]] = {
    "a key is missing": (
        lambda _: {"username": "u", "password": CANARY},
        "SecretIncomplete",
        "Secret modelward-db needs the key uri, or host, dbname, user and password; it has: password, username",
    ),
    "the uri is none": (
        lambda _: {"uri": f"postgresql//u:{CANARY}@h/db"},
        "SecretIncomplete",
        "the key uri of Secret modelward-db is not a PostgreSQL URI such as postgresql://user:password@host/db",
    ),
    "the uri wants more than a connection": (
        lambda url: {"uri": f"{url}?options=-c%20role%3D{CANARY}"},
        "SecretIncomplete",
        "the key uri of Secret modelward-db uses options, which is not allowed here",
    ),
    "the password is wrong": (
        lambda url: keys_of(url, password=CANARY),
        "AuthenticationFailed",
        "the database refused the user or the password",
    ),
    "the user is unknown": (
        lambda url: keys_of(url, user="nobody", password=CANARY),
        "AuthenticationFailed",
        "the database refused the user or the password",
    ),
    "nobody listens there": (
        lambda url: keys_of(url, port="1", password=CANARY),
        "DatabaseUnreachable",
        "the connection was refused: is the server running, is the port right?",
    ),
    "the host is cloud metadata": (
        lambda url: keys_of(url, host="0251.0376.0251.0376", password=CANARY),
        "DatabaseNotAllowed",
        NOT_ALLOWED,
    ),
    "the host has no address": (
        lambda url: keys_of(url, host=f"{CANARY}.invalid"),
        "DatabaseUnreachable",
        "the host's name cannot be resolved",
    ),
    "the server has no TLS": (
        lambda url: keys_of(url, sslmode="require"),
        "TLSFailed",
        "TLS was asked for (sslmode) and the server does not offer it",
    ),
    "there is no such database": (
        lambda url: keys_of(url, dbname=CANARY),
        "DatabaseMissing",
        "the server has no database of the name given",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_failure_has_its_reason_and_no_secret_is_shown(model: Model, operator: Operator, case: str):
    make, reason, words = CASES[case]
    keys = make(model.database_url)
    give(model, keys)
    model.watch()
    ready = model.until_ready("False", reason)
    status = model.see()["status"]
    assert ready["message"] == words
    assert (status["verdict"], status["reason"]) == ("SourceError", reason)
    assert is_condition(status, "MetricsAvailable", "False", reason)
    assert model.notes("MetricsUnavailable") == [f"{reason}: {words}"]
    said = everything_said(model, operator)
    assert CANARY not in said
    assert "password" not in keys or keys["password"] not in said


def test_a_secret_that_is_missing_is_taken_up_when_it_comes(model: Model):
    model.watch()
    ready = model.until_ready("False", "SecretNotFound")
    assert ready["message"] == "Secret modelward-db does not exist in this namespace"
    give(model, {"uri": model.database_url})
    model.until_ready("True", "Watching")
    model.notes("MetricsAvailable")


def test_a_secret_that_was_mended_is_read_at_the_next_check(model: Model):
    give(model, keys_of(model.database_url, password=CANARY))
    model.watch()
    model.until_ready("False", "AuthenticationFailed")
    give(model, keys_of(model.database_url))
    assert is_condition(model.check(), "MetricsAvailable", "True", "MetricsRead")


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (
            "DROP TABLE model_predictions",
            "there is no table public.model_predictions; schema public has: model_versions",
        ),
        (
            "ALTER TABLE model_predictions DROP COLUMN actual CASCADE",
            "public.model_predictions has no column actual; it has: model_name (text), ",
        ),
        (
            "ALTER TABLE model_predictions ALTER COLUMN prediction TYPE text",
            "column prediction of public.model_predictions is text; it must be a number",
        ),
    ],
)
def test_a_schema_that_is_not_ours_is_named(model: Model, statement: str, words: str):
    give(model, {"uri": model.database_url})
    model.execute(statement)
    model.watch()
    assert words in model.until_ready("False", "SchemaMismatch")["message"]


def test_a_user_without_rights_is_told_which_table(model: Model):
    role = f"reader_{secrets.token_hex(4)}"
    model.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{CANARY}'")
    give(model, keys_of(model.database_url, user=role, password=CANARY))
    model.watch()
    message = model.until_ready("False", "PermissionDenied")["message"]
    assert "permission denied for table model_predictions" in message
    model.execute(f"GRANT SELECT ON model_predictions, model_versions TO {role}")
    assert model.check()["verdict"] == "InsufficientData"


def test_a_database_that_never_answers_delays_nobody_else(model: Model, black_hole: socket.socket):
    mute = Model(model.kubectl, model.database_url, "mute")
    give(model, keys_of(model.database_url, port=str(black_hole.getsockname()[1])), "mute-db")
    give(model, {"uri": model.database_url})
    mute.deploy(A)
    mute.watch(database={"secretRef": {"name": "mute-db"}})
    black_hole.settimeout(30)
    connection, _ = black_hole.accept()
    with connection:
        model.watch()
        model.until_verdict("InsufficientData", A)
        assert "verdict" not in mute.see().get("status", {})
    mute.until_ready("False", "DatabaseUnreachable")


def test_a_database_that_stops_for_a_while_changes_nothing(model: Model, postgres: EmbeddedDatabase):
    give(model, {"uri": model.database_url})
    model.watch()
    before = model.until_ready("True", "Watching")
    model.predict(B, WORSE)
    postgres.pause()
    try:
        model.deploy(B)
        status = model.until_verdict("SourceError", B)
    finally:
        postgres.resume()
    assert status["reason"] == "DatabaseUnreachable"
    assert is_condition(status, "MetricsAvailable", "False", "DatabaseUnreachable")
    assert condition(status, "Ready") == before
    assert model.image() == image_of(B)
    status = model.until_rolled_back(A)  # it comes back by itself
    assert is_condition(status, "MetricsAvailable", "True", "MetricsRead")
    assert len(model.notes("MetricsUnavailable")) == 1


def test_spec_is_never_written(model: Model):
    give(model, {"uri": model.database_url})
    model.watch()
    before = model.see()["spec"]
    model.predict(B, WORSE)
    model.deploy(B)
    model.until_rolled_back(A)
    assert model.see()["spec"] == before
    with psycopg.connect(model.database_url) as connection:
        counted = connection.execute("SELECT count(*) FROM model_versions").fetchone()
    assert counted == (0,)
