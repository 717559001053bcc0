"""`python -m bench [name]`: all measurements, or one of them; a goal that is missed is no error."""

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bench import guards, idle, imports, judging, ready, rollbacks, stage
from bench.errors import BenchError
from bench.report import Figure, make_json, make_table, summarise
from demo.signals import Interruption, interruptible
from modelward import __version__
from modelward.domain.errors import ModelwardError
from sandbox.errors import SandboxError

ROOT = Path(__file__).parent.parent.parent
ON_STAGE: dict[str, Callable[[stage.Stage], list[Figure]]] = {
    "ready": ready.measure,
    "idle": idle.measure,
    "rollbacks": rollbacks.measure,
}
NAMES = ("imports", "guards", "judging", *ON_STAGE)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table, write the JSON; 1 where a measurement failed."""
    options = _parse(arguments)
    began, load = time.monotonic(), os.getloadavg()
    try:
        with interruptible():
            figures = _measure(options)
    except Interruption as interruption:
        print(f"bench: {interruption}", file=sys.stderr)
        return 130
    except (BenchError, SandboxError, ModelwardError) as error:
        print(f"bench: FAILED {error}", file=sys.stderr)
        return 1
    options.json.parent.mkdir(parents=True, exist_ok=True)
    about = {**_machine(), "load_before": load, "load_after": os.getloadavg(), "seconds": time.monotonic() - began}
    options.json.write_text(make_json(figures, about))
    print(f"\n{make_table(figures)}\n\n{summarise(figures)}\n{_footer(about, options.json)}")
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure what the operator costs.")
    parser.add_argument("name", nargs="?", choices=NAMES, help="one measurement; default: all")
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "bench.json", help="where the raw numbers go")
    parser.add_argument("--resources", type=int, default=1000, help="the size of the fleet (default 1000)")
    parser.add_argument("--rollbacks", type=int, default=20, help="rollbacks polled, and as many notified (default 20)")
    parser.add_argument("--seconds", type=float, default=60, help="how long a quiet stretch lasts (default 60)")
    return parser.parse_args(arguments)


def _measure(options: argparse.Namespace) -> list[Figure]:
    wanted = [options.name] if options.name else list(NAMES)
    figures = imports.measure() if "imports" in wanted else []
    if "guards" in wanted:
        _say("guards")
        figures += guards.measure(_say)
    if not {"judging", *ON_STAGE} & set(wanted):
        return figures
    with stage.build_database(_say) as database:
        if "judging" in wanted:
            _say("judging")
            figures += judging.measure(database.url)
        on_stage = [ON_STAGE[name] for name in wanted if name in ON_STAGE]
        if on_stage:
            sizes = options.resources, options.rollbacks, options.seconds
            with stage.build(database, *sizes, _say) as built:
                for measure in on_stage:
                    figures += measure(built)
    return figures


def _machine() -> dict[str, object]:
    return {
        "modelward": __version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
    }


def _footer(about: dict[str, object], path: Path) -> str:
    return f"{about['cpus']} cores, load {about['load_before']} -> {about['load_after']}; raw numbers: {path}"


_BEGAN = time.monotonic()


def _say(text: str) -> None:
    print(f"[{time.monotonic() - _BEGAN:5.0f} s] {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
