"""Where the operator's memory goes before it watches anything: what each package adds to a bare interpreter."""

import json
import subprocess
import sys

from bench.errors import BenchError
from bench.report import Figure

# in the order in which the operator comes to them; each counts only what those before it had not brought
STEPS = ("asyncio", "click", "aiohttp", "psycopg", "prometheus_client", "kopf", "modelward.handlers", "modelward.page")
SCRIPT = """
import importlib, json, sys
import psutil
sys.modules["kubernetes"] = None  # as the operator does
me, seen = psutil.Process(), {"python and psutil": psutil.Process().memory_info().rss}
for name in sys.argv[1:]:
    importlib.import_module(name)
    seen[name] = me.memory_info().rss
print(json.dumps(seen))
"""


def measure() -> list[Figure]:
    """Import them one after the other in a fresh interpreter."""
    command = [sys.executable, "-c", SCRIPT, *STEPS]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"the imports failed: {done.stderr.strip()[-500:]}")
    added = differences(json.loads(done.stdout))
    text = ", ".join(f"{name} {mb:.1f}" for name, mb in added.items())
    return [Figure("memory after imports alone", f"{sum(added.values()):.1f} MB: {text}", values=added)]


def differences(seen: dict[str, int]) -> dict[str, float]:
    """Turn readings in bytes after each step into what each step added, in MB."""
    before, added = 0, {}
    for name, now in seen.items():
        added[name], before = (now - before) / 1e6, now
    return added
