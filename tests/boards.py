"""The chart's dashboards, as Grafana reads them: panels, queries, and what the choices at the top stand for."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "charts/modelward/files/dashboards"
NAMES = ("modelward-overview.json", "modelward-model.json")
LABEL_VALUES = re.compile(r"label_values\((?P<selector>.+), (?P<label>\w+)\)")
Json = dict[str, Any]


def read_board(name: str) -> Json:
    """Read one."""
    found: Json = json.loads((FOLDER / name).read_text())
    return found


def panels(board: Json) -> list[Json]:
    """List the panels that show something."""
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def queries(board: Json) -> Iterator[tuple[str, str]]:
    """Yield the title of a panel, or the name of a mark, and a query of it."""
    for panel in panels(board):
        yield from ((panel["title"], target["expr"]) for target in panel["targets"])
    yield from ((mark["name"], mark["expr"]) for mark in board["annotations"].get("list", []))


def choices(board: Json) -> dict[str, tuple[str, str]]:
    """Return each choice that is asked of Prometheus: the selector, and the label."""
    asked = {v["name"]: LABEL_VALUES.fullmatch(v["query"]) for v in board["templating"]["list"] if v["type"] == "query"}
    return {name: (match["selector"], match["label"]) for name, match in asked.items() if match}


def fill_in(text: str, chosen: Mapping[str, str]) -> str:
    """Put values in place of variables, as Grafana does."""
    for name, value in {**chosen, "__rate_interval": "1m", "__range": "5m"}.items():
        text = text.replace(f"${name}", value)
    return text
