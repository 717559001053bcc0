"""The serving model's side: a prediction for each flight that leaves, its actual delay once it has landed.

Like a real service it asks nobody which version to be: it is whatever the Deployment runs at that moment. When the
database is away nothing can be written; the flights wait, and go on when it is back.
"""

import time
from collections.abc import Callable, Mapping
from threading import Event, Thread

import numpy as np
import psycopg

from demo.flights import Flights, Floats
from demo.ledger import Ledger, Rows
from demo.timing import Compression

MODEL = "flight-delays"
TICK_S = 0.1
RETRY_S = 0.25

PREDICT = "COPY model_predictions (model_name, request_id, model_version, prediction) FROM STDIN"
# By the whole key, row by row: a table so young has no statistics, and a join would be planned badly.
LABEL = """
UPDATE model_predictions SET actual = %s, actual_at = now()
WHERE model_name = %s AND environment = '' AND request_id = %s AND model_version = %s AND predicted_at = %s
"""


class Schedule:
    """Which flights leave and land next, as the flights' clock goes on."""

    def __init__(self, flights: Flights) -> None:
        """Begin before the first flight."""
        self._leaves, self._lands = flights.leaves, flights.lands
        self._by_landing: Rows = np.argsort(flights.lands, kind="stable")
        self._landing_times: Floats = flights.lands[self._by_landing]
        self.left = 0
        self.landed = 0

    def leaving(self, day: float) -> slice:
        """Return the flights that have left by `day` and were not answered for."""
        return slice(self.left, int(np.searchsorted(self._leaves, day, side="right")))

    def landing(self, day: float) -> Rows:
        """Return the flights that have landed by `day` and whose delay was not told."""
        return self._by_landing[self.landed : int(np.searchsorted(self._landing_times, day, side="right"))]


class Stream:
    """A thread that writes predictions and actuals until it is stopped; `problem` is what ended it before that."""

    def __init__(
        self,
        url: str,
        flights: Flights,
        predictions: Mapping[str, Floats],
        serving: Callable[[], str | None],
        compression: Compression,
    ) -> None:
        """Take the predictions of each version, and a question that names the version that serves now."""
        self._url, self._flights, self._predictions, self._serving = url, flights, predictions, serving
        self._compression = compression
        self._schedule = Schedule(flights)
        self._told = compression.day(0)
        self._keys: list[tuple[object, ...]] = []
        self._stopped = Event()
        self._thread = Thread(target=self._run, name="stream", daemon=True)
        self.ledger = Ledger(len(flights))
        self.seconds = 0.0
        self.clock_ahead = 0.0
        self.outage: str | None = None
        self.problem: BaseException | None = None

    def start(self) -> None:
        """Begin with the first flight."""
        self._thread.start()

    def stop(self) -> None:
        """End after the present transaction."""
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=10)

    @property
    def day(self) -> float:
        """The day of the year that the flights have reached."""
        return self._compression.day(self.seconds)

    @property
    def predictions(self) -> int:
        """How many predictions were written."""
        return self._schedule.left

    @property
    def actuals(self) -> int:
        """How many actual delays were written."""
        return self._schedule.landed

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                with psycopg.connect(self._url, connect_timeout=2, autocommit=True) as connection:
                    self._set_clock(connection)
                    self._write(connection)
            except psycopg.OperationalError as error:
                self.outage = str(error).strip().splitlines()[0]
                self._stopped.wait(RETRY_S)
            except BaseException as error:  # noqa: BLE001  (the story asks for it)
                self.problem = error
                return

    def _set_clock(self, connection: psycopg.Connection) -> None:
        """Learn how far the database's clock is ahead: its times are compared with ours."""
        row = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchone()
        assert row is not None
        self.clock_ahead = row[0] - time.time()
        self.outage = None

    def _write(self, connection: psycopg.Connection) -> None:
        origin = time.monotonic() - self.seconds
        while not self._stopped.wait(TICK_S):
            seconds = time.monotonic() - origin
            self._tell_actuals(connection)
            self._predict(connection, self._compression.day(seconds))
            self.seconds = seconds

    def _predict(self, connection: psycopg.Connection, day: float) -> None:
        rows, version = self._schedule.leaving(day), self._serving()
        if version is None or rows.start == rows.stop:
            return
        answers = zip(self._flights.ids[rows], self._predictions[version][rows].tolist(), strict=True)
        with connection.transaction(), connection.cursor() as cursor:
            with cursor.copy(PREDICT) as copy:
                for request, prediction in answers:
                    copy.write_row((MODEL, request, version, prediction))
            (at,) = cursor.execute("SELECT now()").fetchone() or (None,)
        self._keys += [(MODEL, request, version, at) for request in self._flights.ids[rows]]
        self.ledger.predicted(rows, version, at.timestamp() - self.clock_ahead)
        self._schedule.left = rows.stop
        self._told = day

    def _tell_actuals(self, connection: psycopg.Connection) -> None:
        rows = self._schedule.landing(self._told)
        if not len(rows):
            return
        told = [
            (actual, *self._keys[row]) for row, actual in zip(rows, self._flights.actual[rows].tolist(), strict=True)
        ]
        with connection.transaction(), connection.cursor() as cursor:
            cursor.executemany(LABEL, told)
        self.ledger.labelled(rows, time.time())
        self._schedule.landed += len(rows)
