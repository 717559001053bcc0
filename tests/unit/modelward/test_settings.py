"""Settings come from MODELWARD_ variables alone; a wrong one is named."""

from dataclasses import fields
from typing import Any

import pytest

from modelward.domain.errors import SettingsError
from modelward.settings import Settings, read_settings

READ: dict[str, tuple[str, str, Any]] = {
    "the namespace": ("MODELWARD_NAMESPACE", "ops", "ops"),
    "namespaces to watch": ("MODELWARD_WATCH_NAMESPACES", "ml, staging,,", ("ml", "staging")),
    "the port": ("MODELWARD_HTTP_PORT", "0", 0),
    "opting in": ("MODELWARD_REQUIRE_OPT_IN", "True", True),
    "not opting in": ("MODELWARD_REQUIRE_OPT_IN", "0", False),
    "the breaker": ("MODELWARD_BREAKER_PERCENT", "30", 30),
    "the log format": ("MODELWARD_LOG_FORMAT", "json", "json"),
}


@pytest.mark.parametrize(("name", "text", "value"), READ.values(), ids=READ)
def test_is_read(name: str, text: str, value: Any):
    assert getattr(read_settings({name: text}), name.removeprefix("MODELWARD_").lower()) == value


def test_nothing_said_means_the_defaults():
    assert read_settings({}) == Settings()


@pytest.mark.parametrize("name", [f"MODELWARD_{f.name.upper()}" for f in fields(Settings)])
def test_an_empty_variable_is_none(name: str):
    assert read_settings({name: ""}) == Settings()


def test_variables_of_others_are_looked_past():
    assert read_settings({"NAMESPACE": "x", "MODELWARD_UNKNOWN": "y", "HTTP_PORT": "z"}) == Settings()


REFUSED = {
    "MODELWARD_HTTP_PORT": ("eighty", "is not a whole number"),
    "MODELWARD_BREAKER_PERCENT": ("50%", "is not a whole number"),
    "MODELWARD_REQUIRE_OPT_IN": ("yes please", "is not true or false"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_is_refused_by_name(name: str):
    text, why = REFUSED[name]
    with pytest.raises(SettingsError) as caught:
        read_settings({name: text})
    assert str(caught.value) == f"{name}={text!r} {why}"
