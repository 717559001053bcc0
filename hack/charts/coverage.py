"""Which values no test sets.

Each has to stand in a suite of the chart that asserts something, and in the file that sets everything, with another
value than its default.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from charts.tools import EVERYTHING

Json = dict[str, Any]


def complaints(chart: Path) -> str:
    """Name the values that are not tested."""
    defaults = _read(chart / "values.yaml")
    leaves = dict(find_leaves(defaults, (chart / "values.yaml").read_text()))
    everything = _read(chart / EVERYTHING)
    tested = {path for suite in sorted((chart / "tests").glob("*_test.yaml")) for path in find_set(_read(suite))}
    return "\n".join(_complain(leaves, everything, tested))


def _complain(leaves: Json, everything: Json, tested: set[str]) -> Iterator[str]:
    for path, default in leaves.items():
        if not any(_touches(one, path) for one in tested):
            yield f"no suite in charts/modelward/tests sets {path}"
        if find(everything, path) in (None, default):
            yield f"{EVERYTHING} does not set {path} to another value than its default"


def find_leaves(values: Json, written: str, group: str = "") -> Iterator[tuple[str, Any]]:
    """Name each value that a user sets, with its default; an object that is written in one line is one value."""
    for name, value in values.items():
        depth = group.count(".")
        is_group = isinstance(value, dict) and f"\n{'  ' * depth}{name}:\n" in f"\n{written}"
        yield from find_leaves(value, written, f"{group}{name}.") if is_group else [(f"{group}{name}", value)]


def find_set(suite: Json) -> Iterator[str]:
    """Name the values that the tests of a suite set and then assert something of."""
    for test in suite["tests"]:
        if test.get("asserts"):
            yield from _paths({**suite.get("set", {}), **test.get("set", {})})


def _paths(values: Json, group: str = "") -> Iterator[str]:
    for name, value in values.items():
        yield f"{group}{name}"
        if isinstance(value, dict):
            yield from _paths(value, f"{group}{name}.")


def _touches(is_set: str, path: str) -> bool:
    return is_set == path or is_set.startswith(f"{path}.")


def find(values: Json, path: str) -> Any:
    """Return what stands at a path; None where nothing does."""
    found: Any = values
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _read(path: Path) -> Json:
    loaded: Json = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded
