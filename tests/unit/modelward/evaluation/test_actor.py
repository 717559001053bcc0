"""The audit names somebody, wherever the command runs."""

import os
import re

import pytest

from modelward.evaluation.actor import find_actor


def test_it_is_a_user_and_a_host(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("MODELWARD_ACTOR", raising=False)
    assert re.fullmatch(r".+@.+", find_actor())


def test_it_is_who_the_environment_says(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MODELWARD_ACTOR", " cron/house-prices ")
    assert find_actor() == "cron/house-prices"


@pytest.mark.parametrize("error", [KeyError("getpwuid(): uid not found"), OSError("No username set")])
def test_a_container_whose_user_has_no_name_is_a_number(monkeypatch: pytest.MonkeyPatch, error: Exception):
    def nameless() -> str:
        raise error

    monkeypatch.delenv("MODELWARD_ACTOR", raising=False)
    monkeypatch.setattr("getpass.getuser", nameless)
    assert find_actor().startswith(f"uid {os.getuid()}@")
