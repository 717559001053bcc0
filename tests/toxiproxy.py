"""Toxiproxy between us and PostgreSQL: a real network that is slow, drips, hangs, is cut in the middle, or gone.

https://github.com/Shopify/toxiproxy; built once from its Go module.
"""

import json
import shutil
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict

from sandbox import go
from sandbox.ports import free_ports
from sandbox.processes import Runner
from sandbox.waiting import wait_until

MODULE = Path(__file__).resolve().parents[1] / "hack" / "toxiproxy"
PACKAGE = "github.com/Shopify/toxiproxy/v2/cmd/server"


@dataclass
class Way:
    """One way to a database; `url` leads along it."""

    path: str
    url: str
    _toxics: list[str] = field(default_factory=list)

    def add(self, kind: str, stream: str = "downstream", **attributes: int) -> None:
        """Let something befall what comes from the database (downstream), or what goes there (upstream)."""
        name = f"{kind}-{stream}-{len(self._toxics)}"
        body = {"name": name, "type": kind, "stream": stream, "toxicity": 1.0, "attributes": attributes}
        _ask("POST", f"{self.path}/toxics", body)
        self._toxics.append(name)

    def heal(self) -> None:
        """Take away all that was added, and stand open."""
        for name in self._toxics:
            _ask("DELETE", f"{self.path}/toxics/{name}")
        self._toxics.clear()
        self.open()

    def close(self) -> None:
        """Take no connection any more, and cut those there are."""
        _ask("POST", self.path, {"enabled": False})

    def open(self) -> None:
        """Take connections."""
        _ask("POST", self.path, {"enabled": True})

    def lead_to(self, port: int) -> None:
        """Lead to another server, as a failover behind one name does; connections are cut."""
        _ask("POST", self.path, {"upstream": f"127.0.0.1:{port}"})


@dataclass(frozen=True)
class Network:
    """Makes ways."""

    api: str

    def way_to(self, url: str) -> Way:
        """Make a new way to a database."""
        (port,) = free_ports(1)
        parts = conninfo_to_dict(url)
        name, behind = f"way-{port}", f"{parts['host']}:{parts['port']}"
        proxy = {"name": name, "listen": f"127.0.0.1:{port}", "upstream": behind, "enabled": True}
        _ask("POST", f"{self.api}/proxies", proxy)
        through = f"postgresql://{parts['user']}:{parts['password']}@127.0.0.1:{port}/{parts['dbname']}"
        return Way(f"{self.api}/proxies/{name}", through)


@contextmanager
def a_network() -> Iterator[Network]:
    """Run Toxiproxy."""
    program = go.build_once(MODULE, PACKAGE, "toxiproxy", print)
    folder = Path(tempfile.mkdtemp(prefix="modelward-toxiproxy-"))
    (control,) = free_ports(1)
    runner, api = Runner(folder), f"http://127.0.0.1:{control}"
    runner.start("toxiproxy", [program, "-host", "127.0.0.1", "-port", str(control)])
    try:
        wait_until(lambda: _answers(api), for_="Toxiproxy to answer", timeout=30)
        yield Network(api)
    finally:
        runner.stop("toxiproxy")
        shutil.rmtree(folder, ignore_errors=True)


def _answers(api: str) -> bool:
    with suppress(urllib.error.URLError):
        _ask("GET", f"{api}/version")
        return True
    return False


def _ask(verb: str, url: str, body: dict[str, Any] | None = None) -> None:
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=verb)
    with urllib.request.urlopen(request, timeout=10):
        pass
