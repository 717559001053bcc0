"""`python -m dashboards` writes the chart's dashboards; `--check` fails where one is stale."""

import sys
from collections.abc import Callable
from pathlib import Path

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards import model, overview

FOLDER = Path(__file__).resolve().parents[2] / "charts/modelward/files/dashboards"
BOARDS = {"modelward-overview.json": overview.build, "modelward-model.json": model.build}


def write(make: Callable[[], Dashboard]) -> str:
    """Write a dashboard as Grafana's JSON; a panel's number is its place, so that links to it last."""
    built = make().build()
    for number, panel in enumerate(built.panels or [], start=1):
        panel.id_val = number
    return JSONEncoder(sort_keys=True, indent=2).encode(built) + "\n"


def main(arguments: list[str]) -> int:
    """Write, or check."""
    wanted = {FOLDER / name: write(make) for name, make in BOARDS.items()}
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    if arguments == ["--check"]:
        for path in stale:
            print(f"{path.name} is stale: run make manifests", file=sys.stderr)
        return 1 if stale else 0
    FOLDER.mkdir(exist_ok=True)
    for path in stale:
        path.write_text(wanted[path])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
