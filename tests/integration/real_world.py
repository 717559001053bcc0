"""A whole operator before a double of an API server and a real database, so that its clock is that of today."""

from datetime import UTC, datetime

import psycopg

from builders import NAMESPACE
from component.world import World
from doubles import FixedClock, InMemoryCluster
from modelward.database.reader import PostgresReader

INSERT = """
INSERT INTO model_predictions (model_name, environment, model_version, predicted_at, prediction, actual, actual_at)
SELECT 'house-prices', '', %(version)s, now() - make_interval(secs => n), y + e, y, now()
FROM (SELECT n, 250000 + 13000 * (1 - 2 * (n %% 2)) AS y, %(rmse)s * (1 - 2 * (n / 2 %% 2)) AS e
      FROM generate_series(1, 200) AS n) AS row
"""
GOOD, WORSE = 3480, 4600  # RMSE


class RealWorld(World):
    """A world before a real database."""

    def __init__(self, reader: PostgresReader, url: str) -> None:
        super().__init__()
        self.clock = FixedClock(datetime.now(UTC))
        self.cluster = self.edge = InMemoryCluster(self.clock)
        self.reader = reader  # type: ignore[assignment]
        self.cluster.secrets[NAMESPACE, "house-prices-db"] = {"uri": url}
        self.restart()


def predict(url: str, version: str, rmse: float) -> None:
    """Insert rows of the last minutes, as good as their RMSE."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(INSERT, {"version": version, "rmse": rmse})
