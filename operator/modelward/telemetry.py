"""Logs: one line each, for people or as JSON."""

import json
import logging
import sys
from datetime import UTC, datetime

from modelward.domain.printable import printable

PLAIN, TIME = "%(asctime)s %(levelname)s %(message)s", "%Y-%m-%d %H:%M:%S"
"""2026-01-05 14:32:23 INFO ..."""


class PlainLines(logging.Formatter):
    """One line for each record, whatever stood in a database: none can be made up, no terminal is steered."""

    def __init__(self) -> None:
        super().__init__(PLAIN, TIME)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  the library's name
        """Write the line; a traceback follows as it is."""
        record.message = printable(record.message)
        return super().formatMessage(record)


class JsonLines(logging.Formatter):
    """One JSON object for each line."""

    def format(self, record: logging.LogRecord) -> str:
        """Write time, level, logger, message, and what else the line has; a traceback where there is one."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


def set_up_logging(level: str, style: str) -> None:
    """Log to standard error; the framework's chatter about every single event is left out."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if style == "json" else PlainLines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.getLogger("kopf").setLevel(logging.WARNING)
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
