"""How time is compressed: the arithmetic between seconds of the demo and days of flights.

Ten seconds are two weeks, so that one window of the operator holds every weekday twice. The dates are chosen by the
data (tests/unit/demo/test_models.py holds them to it): whatever two weeks around the deployment of A' are taken, its
R2 falls by less than 5 % and its RMSE rises by less than 5 % against the two weeks before, though the weather of the
weeks differs; in many other months that alone would look like a worse model.
"""

from dataclasses import dataclass
from datetime import datetime

from demo.flights import on, to_day, to_moment

WINDOW_S = 10
WINDOW_DAYS = 14
OPENS = on(4, 14)  # the first flight that A answers for
SECOND_VERSION = on(4, 29)  # the day on which A' is deployed
CLOSES = on(11, 1)  # no flights from here on


@dataclass(frozen=True)
class Compression:
    """Flights of `days_per_second` days pass in each second, beginning with those of `opens`."""

    opens: datetime = OPENS
    days_per_second: float = WINDOW_DAYS / WINDOW_S

    def day(self, seconds: float) -> float:
        """Return the day of the year that is reached after so many seconds."""
        return to_day(self.opens) + seconds * self.days_per_second

    def moment(self, seconds: float) -> datetime:
        """Return the date and the hour that are reached after so many seconds."""
        return to_moment(self.day(seconds))

    def seconds(self, moment: datetime) -> float:
        """Return after how many seconds a date is reached."""
        return (to_day(moment) - to_day(self.opens)) / self.days_per_second

    def milliseconds(self, hours: float) -> float:
        """Return how long so many hours of flights last on the screen."""
        return hours / 24 / self.days_per_second * 1000
