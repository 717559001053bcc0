"""Programs that others wrote for looking at charts: each returns what it complains of, nothing where all is well."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from manifests.helm import find_helm
from sandbox.commands import run_command
from sandbox.modules import Module

if TYPE_CHECKING:
    import subprocess

HERE = Path(__file__).parent
UNITTEST = Module(HERE / "helm-unittest", ("github.com/helm-unittest/helm-unittest/cmd/helm-unittest",), 60)
SCORE = Module(HERE / "kube-score", ("github.com/zegl/kube-score/cmd/kube-score",), 60)
EVERYTHING = "tests/values/everything.yaml"
# All objects that a default installation may have, for kube-score to see them together.
FULL = ("serviceMonitor.enabled=true", "podDisruptionBudget.enabled=true")
# What kube-score would have otherwise, and why it is as it is.
SETTLED = {
    "container-resources": "no CPU limit: a throttled operator is late with rollbacks; memory has one",
    "container-ephemeral-storage-request-and-limit": "nothing is written but the log, which the node limits",
    "container-image-pull-policy": "a digest or a version's tag never changes what it names",
    "deployment-strategy": "Recreate: the Lease is given back before the next one starts",
    "deployment-replicas": "one acts at a time by its Lease; a second one would only wait",
}


def lint(chart: Path) -> str:
    """Lint with the default values, and with every value set."""
    plain: list[str | Path] = [find_helm(), "lint", "--strict", chart]
    done = run_command(plain), run_command([*plain, "--values", chart / EVERYTHING])
    return "\n".join(said for said in map(_complaint, done) if said)


def unit_tests(chart: Path) -> str:
    """Run the suites in the chart's own folder."""
    return _complaint(run_command([UNITTEST.build(_say) / "helm-unittest", "--strict", chart]))


def score(chart: Path) -> str:
    """Have kube-score look at an installation as a security reviewer would."""
    command: list[str | Path] = [find_helm(), "template", "modelward", chart, "--skip-tests"]
    rendered = run_command([*command, "--set", ",".join(FULL)])
    if rendered.returncode:
        return _complaint(rendered)
    ignored = [part for test in SETTLED for part in ("--ignore-test", test)]
    command = [SCORE.build(_say) / "kube-score", "score", "--kubernetes-version", "v1.30"]
    return _complaint(run_command([*command, "--exit-one-on-warning", *ignored, "-"], stdin=rendered.stdout))


def _complaint(done: "subprocess.CompletedProcess[str]") -> str:
    return (done.stdout + done.stderr).strip() if done.returncode else ""


def _say(line: str) -> None:
    print(f"charts: {line}", file=sys.stderr)
