"""`python -m release [--tag v1.2.3] [--out dist]` proves what can be proven here, and leaves the packages in a folder.

What needs a registry, a tag or an identity (pushing, keyless signatures, provenance) is the workflow's:
.github/workflows/release.yml.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from manifests.helm import HelmError
from release import contents, packages, signing, versions
from release.errors import ReleaseError
from sandbox.errors import SandboxError

ROOT = Path(__file__).resolve().parents[2]


def main(arguments: list[str] | None = None) -> int:
    """Say each thing that holds; stop at the first that does not."""
    parser = argparse.ArgumentParser(prog="python -m release", description=__doc__)
    parser.add_argument("--tag", help="the tag that is released, such as v1.2.3")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="where the packages go (default: dist)")
    parser.add_argument("--unsigned", action="store_true", help="leave signing out, which builds cosign the first time")
    given = parser.parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory(prefix="modelward-release-") as scratch:
            for line in _check(Path(scratch), given.out, given.tag, signed=not given.unsigned):
                print(f"release: {line}", flush=True)
    except (ReleaseError, HelmError, SandboxError) as error:
        print(f"release: NOT READY: {error}", file=sys.stderr)
        return 1
    return 0


def _check(scratch: Path, out: Path, tag: str | None, *, signed: bool) -> Iterator[str]:
    yield versions.check_versions(ROOT, tag)
    yield versions.check_previous_chart(ROOT)
    yield packages.check_reproducible(ROOT, scratch / "python", packages.build_distributions)
    yield packages.check_reproducible(ROOT, scratch / "chart", packages.package_chart)
    made = [path for kind in ("python", "chart") for path in sorted((scratch / kind / "first/dist").iterdir())]
    (wheel,) = (path for path in made if path.suffix == ".whl")
    python = packages.make_environment(ROOT, wheel, scratch / "environment")
    yield packages.check_runs(ROOT, python, scratch)
    sbom = scratch / "modelward.cdx.json"
    yield contents.write_sbom(ROOT, python, sbom)
    yield contents.check_complete(ROOT, sbom)
    yield contents.check_licences(sbom)
    if signed:
        yield signing.check_signing([*made, sbom], scratch, _say)
    out.mkdir(parents=True, exist_ok=True)
    for path in (*made, sbom):
        shutil.copy2(path, out / path.name)
    yield f"{len(made) + 1} files in {out}" + ("" if signed else "; SIGNING WAS LEFT OUT")


def _say(line: str) -> None:
    print(f"release: {line}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
