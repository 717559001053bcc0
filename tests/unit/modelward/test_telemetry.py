"""Logs are one line each, also as JSON."""

import json
import logging

from modelward.telemetry import JsonLines, PlainLines


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


def test_nobody_can_make_up_a_line_or_steer_the_screen():
    text = PlainLines().format(record("versions are %s", "v1\n2026-01-01 00:00:00 ERROR all is lost\x1b[2J\r\u202e"))
    assert "\n" not in text
    assert text.endswith("versions are v1?2026-01-01 00:00:00 ERROR all is lost?[2J??")


def test_a_traceback_is_still_there():
    error = ValueError("two")
    text = PlainLines().format(record("it failed", exc_info=(ValueError, error, error.__traceback__)))
    assert text.splitlines()[-1] == "ValueError: two"
