"""Logs are one line each, also as JSON."""

import json
import logging

from modelward.telemetry import JsonLines


def record(message: str, *values: object, **more: object) -> logging.LogRecord:
    made = logging.LogRecord("modelward.sweeper", logging.WARNING, "f.py", 1, message, values, None)
    made.__dict__ |= more
    return made


def test_a_line_holds_time_level_logger_and_message():
    line = json.loads(JsonLines().format(record("%s: again in %.1f s", "ml/house-prices", 1.04)))
    assert (line["level"], line["logger"]) == ("WARNING", "modelward.sweeper")
    assert line["message"] == "ml/house-prices: again in 1.0 s"
    assert line["time"].endswith("+00:00")


def test_a_traceback_stays_in_the_line():
    error = ValueError("two\nlines")
    text = JsonLines().format(record("it failed", exc_info=(ValueError, error, error.__traceback__)))
    assert "\n" not in text
    assert "ValueError: two\nlines" in json.loads(text)["traceback"]
