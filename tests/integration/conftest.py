"""What tests on tables of every make need."""

from collections.abc import Callable

import pytest


@pytest.fixture
def url(make_database: Callable[..., str]) -> str:
    """A database without our tables."""
    return make_database(migrated=False)
