"""Durations as Kubernetes writes them (`90s`, `1h30m`), to seconds and back."""

import re
from datetime import timedelta

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"([0-9]+)(ms|s|m|h)")
_WHOLE = re.compile(r"([0-9]+(ms|s|m|h))+")


def parse_duration(text: str) -> timedelta:
    """Read a duration; ValueError says what is allowed."""
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"{text!r} is not a duration such as 30s, 10m or 168h")
    return timedelta(seconds=sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(text)))


def spell_duration(length: timedelta) -> str:
    """Say a duration in the two largest units that matter: 1h30m, 10m, 45s."""
    seconds = round(length.total_seconds())
    hours, rest = divmod(max(seconds, 0), 3600)
    minutes, seconds = divmod(rest, 60)
    parts = [f"{n}{unit}" for n, unit in ((hours, "h"), (minutes, "m"), (seconds, "s")) if n]
    return "".join(parts[:2]) or "0s"
