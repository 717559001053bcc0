"""What is in the image: a CycloneDX list of every package with its version, its hash and its licence."""

import hashlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from release.errors import ReleaseError
from release.running import run_ok
from sandbox.kept import cache_folder

Json = dict[str, Any]
PINNED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;\\]+)(?: ; (?P<marker>[^\\]+?))? *\\?$", re.MULTILINE)
# What may be shipped beside Apache-2.0 code, unchanged and as separate packages.
COMPATIBLE = (
    "Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause", "ISC", "PSF-2.0", "Python-2.0", "MPL-2.0", "Unlicense", "0BSD",
    "LGPL-3.0-only", "LGPL-3.0-or-later",
)  # fmt: skip
# How packages that name no SPDX expression call the same licences.
CALLED = {
    "License :: OSI Approved :: MIT License": "MIT",
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: BSD License": "BSD-3-Clause",
    "License :: OSI Approved :: ISC License (ISCL)": "ISC",
    "License :: OSI Approved :: Python Software Foundation License": "PSF-2.0",
    "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "License :: OSI Approved :: GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "MIT License": "MIT",
    "Apache 2": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "BSD": "BSD-3-Clause",
    "ISC license": "ISC",
}


def write_sbom(root: Path, python: Path, target: Path) -> str:
    """Write what an environment holds as CycloneDX, the same for the same environment; return what is in it."""
    how = ("environment", "--output-reproducible", "--output-format", "JSON", "--gather-license-texts")
    listed = run_ok(_tool(root), *how, "--pyproject", root / "pyproject.toml", python)
    bom: Json = json.loads(listed)
    hashes = _hashes((root / "requirements/operator.txt").read_text(encoding="utf-8"))
    for component in bom["components"]:
        component["hashes"] = [{"alg": "SHA-256", "content": one} for one in hashes.get(_normal(component["name"]), ())]
    target.write_text(json.dumps(bom, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return f"{target.name} lists {len(bom['components'])} packages"


def check_complete(root: Path, sbom: Path) -> str:
    """Raise ReleaseError unless every locked package is listed with the version, and nothing besides ourselves."""
    bom: Json = json.loads(sbom.read_text(encoding="utf-8"))
    listed = {_normal(one["name"]): one["version"] for one in bom["components"]}
    locked = (root / "requirements/operator.txt").read_text(encoding="utf-8")
    wanted = {_normal(m["name"]): m["version"] for m in PINNED.finditer(locked) if not m["marker"]}
    optional = {_normal(m["name"]): m["version"] for m in PINNED.finditer(locked) if m["marker"]}
    wrong = [f"{name} {version} is not listed" for name, version in wanted.items() if listed.get(name) != version]
    known = wanted | optional | {"modelward": listed.get("modelward")}
    strange = [f"{name} {version}" for name, version in listed.items() if known.get(name) != version]
    wrong += [f"{one} is listed and not locked" for one in strange]
    without = [one["name"] for one in bom["components"] if not one["hashes"] and one["name"] != "modelward"]
    wrong += [f"{name} has no hash" for name in without]
    if wrong:
        raise ReleaseError(f"{sbom.name}: " + "; ".join(wrong))
    return f"every one of the {len(wanted)} locked packages is in it, with its hashes"


def check_licences(sbom: Path) -> str:
    """Raise ReleaseError where a package has no licence, or one that may not be shipped."""
    bom: Json = json.loads(sbom.read_text(encoding="utf-8"))
    found: dict[str, list[str]] = {}
    wrong = []
    for component in bom["components"]:
        names = sorted(set(_licences(component)))
        for name in names:
            found.setdefault(name, []).append(component["name"])
        if not any(_compatible(name) for name in names):
            wrong.append(f"{component['name']} has {', '.join(names) or 'no licence'}")
    if wrong:
        raise ReleaseError(
            "licences nobody has looked at (COMPATIBLE in hack/release/contents.py): " + "; ".join(wrong)
        )
    return "licences: " + ", ".join(f"{name} ({len(who)})" for name, who in sorted(found.items()) if _compatible(name))


def _licences(component: Json) -> Iterator[str]:
    for one in component.get("licenses", ()):
        named = one.get("expression") or one.get("license", {}).get("id") or one.get("license", {}).get("name", "")
        yield CALLED.get(named, named)


def _compatible(expression: str) -> bool:
    """Whether an SPDX expression leaves a choice that is compatible: one side of OR, every side of AND."""
    choices = re.split(r"\s+OR\s+", expression.replace("(", "").replace(")", ""))
    return any(all(part.strip() in COMPATIBLE for part in re.split(r"\s+AND\s+", choice)) for choice in choices)


def _hashes(locked: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    name = ""
    for line in locked.splitlines():
        if match := re.match(r"^([A-Za-z0-9._-]+)==", line):
            name = _normal(match[1])
        found.setdefault(name, []).extend(re.findall(r"--hash=sha256:([0-9a-f]{64})", line))
    return found


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _tool(root: Path) -> Path:
    """Return cyclonedx-py from an environment of its own, made where it is not there."""
    lock = root / "requirements/release.txt"
    folder = cache_folder() / f"release-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    program = folder / "bin/cyclonedx-py"
    if not program.exists():
        run_ok(sys.executable, "-m", "venv", "--without-pip", "--clear", folder)
        install = (Path(sys.executable).parent / "uv", "pip", "install", "--quiet", "--python", folder / "bin/python")
        run_ok(*install, "--require-hashes", "--requirement", lock)
    return program
