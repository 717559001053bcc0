"""Three versions of one model, each really trained, and how good they truly are.

All three are the same regressor with the same recipe. A and A' learn from the whole of January to March. B learns
from a stale and broken extract: one airline's flights of one quiet week of January, none of which left more than 63
minutes late. No noise is added to anything: B is worse because it never saw a long delay.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from demo.flights import CATEGORIES, FEATURES, Flights, Floats, Rows, on

SPRING = on(4, 1)  # what the models learn from ends here


@dataclass(frozen=True)
class Recipe:
    """A version's letter in the story, its name, what it learned from, and its regressor's settings."""

    letter: str
    version: str
    learned_from: str
    learning_rate: float = 0.1
    seed: int = 0


@dataclass(frozen=True)
class Version:
    """A trained version, with a prediction for each flight it was asked about, in the flights' order."""

    recipe: Recipe
    trained_on: int
    predictions: Floats

    @property
    def name(self) -> str:
        """The version as the image's tag and the database have it."""
        return self.recipe.version

    def only(self, rows: Rows) -> "Version":
        """Keep the predictions for the marked flights."""
        return replace(self, predictions=self.predictions[rows])


A = Recipe("A", "20260104_120000", "all flights of January to March")
A2 = Recipe("A'", "20260105_143022", "four fifths of them, in smaller steps", learning_rate=0.08, seed=7)
B = Recipe("B", "20260106_091500", "a broken extract: US Airways, 15 to 21 January")
RECIPES = (A, A2, B)


def train(flights: Flights, asked: Flights, recipes: Iterable[Recipe] = RECIPES) -> tuple[Version, ...]:
    """Train each recipe on `flights` (only those before spring are looked at) and let it predict those `asked`."""
    return tuple(_train(recipe, flights, asked) for recipe in recipes)


def lessons(recipe: Recipe, flights: Flights) -> Flights:
    """Return the flights that a recipe learns from."""
    if recipe is B:
        quiet_week = flights.between(on(1, 15), on(1, 22))
        return quiet_week.only(quiet_week.carrier == "US")
    winter = flights.between(on(1, 1), SPRING)
    return winter.only(np.arange(len(winter)) % 5 != 0) if recipe is A2 else winter


def rmse(version: Version, asked: Flights) -> float:
    """Return the true root mean squared error, in minutes."""
    return float(np.sqrt(np.mean((version.predictions - asked.actual) ** 2)))


def r2(version: Version, asked: Flights) -> float:
    """Return the true 1 - SSE/SST."""
    sst = np.sum((asked.actual - asked.actual.mean()) ** 2)
    return float(1 - np.sum((version.predictions - asked.actual) ** 2) / sst)


def _train(recipe: Recipe, flights: Flights, asked: Flights) -> Version:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # on busy cores OpenMP's threads mostly wait for each other
    from sklearn.ensemble import HistGradientBoostingRegressor  # noqa: PLC0415  (seconds; in the trainer's thread)

    learned = lessons(recipe, flights)
    regressor = HistGradientBoostingRegressor(
        categorical_features=[FEATURES.index(name) for name in CATEGORIES],
        learning_rate=recipe.learning_rate,
        random_state=recipe.seed,
    )
    regressor.fit(learned.features, learned.actual)
    predictions = np.asarray(regressor.predict(asked.features), dtype=np.float64)
    return Version(recipe, len(learned), predictions)
