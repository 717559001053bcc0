"""A registry of versions and their live predictions in a real database, written as a caller's service would."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import psycopg
from click.testing import CliRunner, Result

from builders import NAME, A, B
from component.world import rows_of
from rows import Row

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
COLUMNS = "model_name, model_version, predicted_at, prediction, actual, actual_at, request_id, role, environment"
GOOD, MINOR, BAD = (0.93, 3480.0), (0.92, 3500.0), (0.85, 4200.0)
"""R2 and RMSE of the guide's scenarios."""
SAMPLES = 120


class Registry:
    """One model's rows; time is the database's."""

    def __init__(self, url: str, model: str = NAME, environment: str = "") -> None:
        self.url, self.model, self.environment = url, model, environment

    @property
    def now(self) -> datetime:
        """The database's clock."""
        moment: datetime = self.ask("SELECT now()")[0][0]
        return moment

    def register(self, version: str, *, days_ago: float, production: bool = False, **columns: Any) -> None:
        """Insert a version that was made and promoted some days ago, unless told otherwise."""
        at = self.now - days_ago * DAY
        row = {
            "model_name": self.model, "environment": self.environment, "model_version": version, "created_at": at,
            "promoted_at": at, "is_production": production, **columns,
        }  # fmt: skip
        holes = ", ".join(["%s"] * len(row))
        self.ask(f"INSERT INTO model_versions ({', '.join(row)}) VALUES ({holes})", *row.values())

    def predict(self, version: str, quality: tuple[float, float], *, hours_ago: float, n: int = SAMPLES) -> None:
        """Let a version predict for an hour: n labelled rows whose R2 and RMSE come out as given."""
        start = self.now - hours_ago * HOUR
        self.insert(rows_of(self.model, version, quality, start, start + 0.9 * HOUR, n))

    def insert(self, rows: Iterable[Row]) -> None:
        """Insert rows as they are."""
        statement = f"COPY model_predictions ({COLUMNS}) FROM STDIN"
        with psycopg.connect(self.url) as connection, connection.cursor() as cursor, cursor.copy(statement) as copy:
            for r in (replace(row, environment=self.environment) for row in rows):
                values = (r.model, r.version, r.predicted_at, r.prediction, r.actual)
                copy.write_row((*values, r.actual_at, r.request_id, r.role, r.environment))

    def promote(self, version: str) -> None:
        """Put a version in production as a deployment would."""
        key = (self.model, self.environment)
        self.ask("UPDATE model_versions SET is_production = false WHERE model_name = %s AND environment = %s", *key)
        self.ask(
            "UPDATE model_versions SET is_production = true, promoted_at = now() "
            "WHERE model_name = %s AND environment = %s AND model_version = %s",
            *key,
            version,
        )

    def ask(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run one statement."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), values or None)
            return cursor.fetchall() if cursor.description else []

    @property
    def production(self) -> list[str]:
        """The versions marked as in production."""
        rows = self.ask(
            "SELECT model_version FROM model_versions WHERE model_name = %s AND environment = %s AND is_production",
            self.model,
            self.environment,
        )
        return [row[0] for row in rows]

    @property
    def audited(self) -> list[tuple[str, str]]:
        """What the audit holds: from and to, in order."""
        rows = self.ask(
            "SELECT from_version, to_version FROM modelward.audit WHERE model_name = %s ORDER BY audit_id", self.model
        )
        return [(row[0], row[1]) for row in rows]


def guide(url: str, current: tuple[float, float] = BAD, **key: str) -> Registry:
    """Write the guide's situation: version A served well until two hours ago, B has been in production since."""
    registry = Registry(url, **key)
    registry.register(A, days_ago=3, r2_score=0.95, rmse=3000.0, size_bytes=12_500_000)
    registry.register(B, days_ago=1, production=True, r2_score=0.96, rmse=2900.0, size_bytes=13_000_000)
    registry.predict(A, GOOD, hours_ago=26)
    registry.predict(B, current, hours_ago=2)
    return registry


Shell = Callable[..., Result]


def shell(url: str) -> Shell:
    """Return a `modelward` whose DATABASE_URL is set, as a person types it without a terminal."""
    from modelward.cli.main import main  # noqa: PLC0415  tests of the Python API need no command line

    def run(*arguments: str, **options: Any) -> Result:
        whole = {"DATABASE_URL": url, "MODELWARD_ACTOR": "alice@desk", "KUBECONFIG": "/nowhere"}
        environment = {**whole, **options.pop("env", {})}
        return CliRunner().invoke(main, list(arguments), env=environment, prog_name="modelward", **options)

    return run


def monitor(url: str) -> Shell:
    """Return `python -m modelward.monitor`, likewise."""
    from modelward.monitor import main  # noqa: PLC0415  as above

    def run(*arguments: str, **options: Any) -> Result:
        environment = {"DATABASE_URL": url, "MODELWARD_ACTOR": "alice@desk", **options.pop("env", {})}
        return CliRunner().invoke(main, list(arguments), env=environment, **options)

    return run
