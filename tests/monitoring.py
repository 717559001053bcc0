"""Real Prometheus and Alertmanager, from Debian's packages, which .ci/run installs as root."""

import json
import os
import shutil
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest
import yaml

from sandbox.ports import free_ports
from sandbox.processes import Runner
from sandbox.waiting import wait_until

NOBODY = "route: {receiver: nobody, group_wait: 0s}\nreceivers: [{name: nobody}]\n"
PATIENCE = 30
Json = dict[str, Any]


def need(package: str, *names: str) -> str:
    """Find a program; without it the test is skipped aloud on somebody's desk, and fails in CI."""
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        go_without(package)
    return found


def go_without(package: str) -> NoReturn:
    """Skip aloud on somebody's desk, and fail in CI, where what the package holds is not here."""
    said = f"what {package} holds is not here: apt-get install {package} (.ci/run does it as root)"
    if os.environ.get("CI"):
        pytest.fail(said)
    pytest.skip(said)


def read(url: str) -> Any:
    """Ask for JSON."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.loads(answer.read())


@dataclass(frozen=True)
class Alertmanager:
    """A running one."""

    port: int

    def alerts(self) -> list[Json]:
        """List the alerts that stand."""
        found: list[Json] = read(f"http://127.0.0.1:{self.port}/api/v2/alerts?active=true")
        return found


@dataclass(frozen=True)
class Prometheus:
    """A running one."""

    port: int

    def query(self, expr: str) -> list[Json]:
        """Evaluate PromQL now; an error of Prometheus's raises."""
        found: list[Json] = self._ask("query", query=expr)["result"]
        return found

    def values_of(self, label: str, selector: str) -> list[str]:
        """List a label's values among the series of a selector, as Grafana's label_values does."""
        found: list[str] = self._ask(f"label/{label}/values", **{"match[]": selector})
        return found

    def alerts(self) -> list[Json]:
        """List the alerts that are pending or fire."""
        found: list[Json] = self._ask("alerts")["alerts"]
        return found

    def _ask(self, path: str, **parameters: str) -> Any:
        query = urllib.parse.urlencode(parameters)
        return read(f"http://127.0.0.1:{self.port}/api/v1/{path}?{query}")["data"]


@contextmanager
def an_alertmanager(folder: Path) -> Iterator[Alertmanager]:
    """Run an Alertmanager that tells nobody."""
    program = need("prometheus-alertmanager", "prometheus-alertmanager", "alertmanager")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yml").write_text(NOBODY)
    (port,) = free_ports(1)
    where = [f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="]
    with _running(folder, "alertmanager", port, [program, f"--config.file={folder}/config.yml", *where]):
        yield Alertmanager(port)


@contextmanager
def a_prometheus(folder: Path, operator: int, alertmanager: int, rules: Path) -> Iterator[Prometheus]:
    """Run a Prometheus that scrapes an operator each second, as the chart's monitors do, and evaluates rules."""
    program = need("prometheus", "prometheus")
    folder.mkdir(parents=True, exist_ok=True)
    job = {"job_name": "modelward", "honor_labels": True, "static_configs": [{"targets": [f"127.0.0.1:{operator}"]}]}
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(rules)],
        "scrape_configs": [job],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{alertmanager}"]}]}]},
    }
    (folder / "config.yml").write_text(yaml.safe_dump(config))
    (port,) = free_ports(1)
    where = [f"--config.file={folder}/config.yml", f"--web.listen-address=127.0.0.1:{port}"]
    with _running(folder, "prometheus", port, [program, *where]):
        started = Prometheus(port)  # its discovery takes some seconds; what happens before a first scrape is unseen
        wait_until(lambda: started.query("up == 1"), for_="a first scrape", timeout=PATIENCE)
        yield started


@contextmanager
def _running(folder: Path, name: str, port: int, command: list[str]) -> Iterator[None]:
    runner = Runner(folder)
    data = "--storage.tsdb.path" if name == "prometheus" else "--storage.path"
    runner.start(name, [*command, f"{data}={folder}/data"])
    try:
        wait_until(lambda: _is_ready(port), for_=f"{name} to answer", timeout=PATIENCE)
        yield
    finally:
        runner.kill(name)


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
