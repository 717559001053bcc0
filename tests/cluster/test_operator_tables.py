"""Tables of another make under a running operator: a rollback from late labels, and Secrets that change meanwhile."""

import secrets
from collections.abc import Callable

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from cluster.scenes import GOOD, WORSE, A, B, Grade, Model, is_condition
from sandbox.kubectl import Kubectl
from sandbox.operator import Operator
from sandbox.waiting import wait_until

DDL = """
CREATE SCHEMA monitoring;
CREATE TABLE monitoring.analysis (id int, at timestamp, version text, y_pred real);
CREATE TABLE monitoring.target (id int, y_true real, known_at timestamp);
"""
SOURCE = {
    "timeZone": "Asia/Tokyo",
    "predictions": {
        "schema": "monitoring",
        "table": "analysis",
        "columns": {"requestId": "id", "modelVersion": "version", "predictedAt": "at", "prediction": "y_pred"},
        "absent": ["modelName", "environment", "role"],
    },
    "actuals": {
        "schema": "monitoring",
        "table": "target",
        "key": [{"predictions": "id", "actuals": "id"}],
        "columns": {"actual": "y_true", "actualAt": "known_at"},
    },
}
ROWS = """
WITH row AS (
    SELECT n + (SELECT count(*) FROM monitoring.analysis) AS id, 250000 + %(spread)s * (1 - 2 * (n %% 2)) AS y,
           %(rmse)s * (1 - 2 * (n / 2 %% 2)) AS e,
           (now() AT TIME ZONE 'Asia/Tokyo') - make_interval(secs => 3600 * (1 - n / 200.0)) AS at
    FROM generate_series(0, 199) AS n
), predicted AS (INSERT INTO monitoring.analysis SELECT id, at, %(version)s, y + e FROM row)
INSERT INTO monitoring.target SELECT id, y, at FROM row UNION ALL SELECT id, 0, at - interval '1 hour' FROM row
"""


@pytest.fixture
def model(operator: Operator, kubectl: Kubectl, make_database: Callable[..., str]) -> Model:
    """A model whose predictions stand in other tables; there is no Secret yet."""
    assert operator.is_ready()
    model = Model(kubectl, make_database(migrated=False))
    model.execute(DDL)
    return model


def predict(model: Model, version: str, grade: Grade = GOOD) -> None:
    model.execute(ROWS, {"version": version, "spread": grade.spread, "rmse": grade.rmse})


def give(model: Model, url: str) -> None:
    """Write the Secret."""
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "modelward-db"}, "stringData": {"uri": url}}
    model.kubectl.apply(body)


def database(source: object) -> dict[str, object]:
    return {"secretRef": {"name": "modelward-db"}, "source": source}


def test_a_version_that_late_and_corrected_labels_show_to_be_worse_is_rolled_back(model: Model):
    give(model, model.database_url)
    predict(model, A)
    model.deploy(A)
    model.watch(database=database(SOURCE))
    model.until_verdict("InsufficientData", A)
    predict(model, B, WORSE)
    model.deploy(B)
    status = model.until_rolled_back(A)
    assert "R2 0.930 -> 0.850" in status["lastRollback"]["message"]


def test_a_name_that_is_wrong_is_told_with_what_there_is_and_mended_by_an_edit(model: Model):
    give(model, model.database_url)
    model.deploy(A)
    wrong = {**SOURCE, "predictions": {**SOURCE["predictions"], "table": "analyses"}}  # type: ignore[dict-item]
    model.watch(database=database(wrong))
    ready = model.until_ready("False", "SchemaMismatch")
    assert ready["message"] == "there is no table monitoring.analyses; schema monitoring has: analysis, target"
    model.watch(database=database(SOURCE))
    model.until_ready("True", "Watching")


def test_a_password_is_changed_without_a_restart_and_without_a_failed_check(model: Model):
    role, first, second = f"reader_{secrets.token_hex(4)}", secrets.token_hex(8), secrets.token_hex(8)
    model.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{first}'; GRANT USAGE ON SCHEMA monitoring TO {role}")
    model.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA monitoring TO {role}")
    parts = {**conninfo_to_dict(model.database_url), "user": role}
    give(model, make_conninfo(**{**parts, "password": first}))  # type: ignore[arg-type]
    model.deploy(A)
    model.watch(database=database(SOURCE))
    model.until_ready("True", "Watching")
    model.execute(f"ALTER ROLE {role} PASSWORD '{second}'")
    give(model, make_conninfo(**{**parts, "password": second}))  # type: ignore[arg-type]
    mine = f"SELECT count(*), max(backend_start) FROM pg_stat_activity WHERE usename = '{role}'"
    with psycopg.connect(model.database_url, autocommit=True) as watching:
        before = watching.execute(mine.encode()).fetchone()
        assert before is not None
        assert is_condition(model.check(), "MetricsAvailable", "True", "MetricsRead")
        wait_until(lambda: watching.execute(mine.encode()).fetchone() != before, for_="a new session", timeout=30)
        wait_until(lambda: watching.execute(mine.encode()).fetchone()[0] == 1, for_="the old one to end", timeout=30)  # type: ignore[index]
        model.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role}'")
    assert is_condition(model.check(), "MetricsAvailable", "True", "MetricsRead")
    assert model.events("MetricsUnavailable") == []
