"""Known weaknesses of pinned packages, by way of pip-audit.

It counts a package that its service does not know as well as one without weaknesses, and ends with 0: so what it
skipped is read from its answer, and told.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SERVICES = ("pypi", "osv")
PATIENCE = 600


@dataclass(frozen=True)
class Weakness:
    """One advisory about one pinned package."""

    package: str
    version: str
    id: str
    mended: str


@dataclass(frozen=True)
class Found:
    """What a service said; `unknown` are the packages that it could not tell about."""

    weaknesses: list[Weakness] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


def knows(service: str, lock: Path) -> bool:
    """Whether a service answers at all, tried with a short list."""
    return not ask(service, [lock]).unknown


def ask(service: str, locks: Sequence[Path]) -> Found:
    """Look up every package of some lists; nothing is installed and nothing resolved."""
    lists = [word for lock in locks for word in ("--requirement", str(lock))]
    options = ["--vulnerability-service", service, "--disable-pip", "--no-deps", "--require-hashes", "--format", "json"]
    command = [sys.executable, "-m", "pip_audit", "--progress-spinner", "off", "--timeout", "10", *options, *lists]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    return parse(done.stdout)


def parse(answer: str) -> Found:
    """Read pip-audit's answer; what is no answer tells about nothing."""
    try:
        packages: list[dict[str, Any]] = json.loads(answer)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return Found(unknown=["everything"])
    weaknesses = [
        Weakness(p["name"], p["version"], v["id"], ", ".join(v["fix_versions"]))
        for p in packages
        for v in p.get("vulns", ())
    ]
    return Found(weaknesses, [p["name"] for p in packages if "skip_reason" in p])
