"""`make up` and `make down`: cluster, database and operator, left running in the background to play with."""

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from modelward.database.migrate import migrate
from sandbox import cluster as clusters
from sandbox import database as databases
from sandbox import operator as operators
from sandbox import scene
from sandbox.binaries import Binaries
from sandbox.cluster import Cluster
from sandbox.control_plane import ControlPlane
from sandbox.database import EmbeddedDatabase, GivenDatabase
from sandbox.errors import SandboxError
from sandbox.kubectl import Kubectl

Say = Callable[[str], None]
STATE = operators.ROOT / ".modelward"


@dataclass(frozen=True)
class Memory:
    """What `make up` leaves for the next `make up` and for `make down`; every field is text or a number."""

    kubeconfig: str
    kubectl: str
    helm: str
    source: str
    binaries: str = ""
    database_url: str = ""
    database_data: str = ""
    database_binaries: str = ""
    database_port: int = 0
    given_server: str = ""

    def save(self) -> None:
        """Write it, for this user's eyes only: it holds passwords."""
        path = STATE / "memory.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(self.__dict__))

    @staticmethod
    def load() -> "Memory | None":
        """Read it; None where nothing is up."""
        path = STATE / "memory.json"
        return Memory(**json.loads(path.read_text())) if path.exists() else None

    @property
    def cluster(self) -> Cluster:
        """The cluster as it was taken."""
        paths = Path(self.kubeconfig), Path(self.kubectl), Path(self.helm)
        return Cluster(*paths, self.source, STATE / "cluster", self._stop_cluster)

    @property
    def plane(self) -> ControlPlane | None:
        """The control plane of our own, if that is what was taken."""
        return ControlPlane(Binaries(Path(self.binaries)), STATE / "cluster") if self.binaries else None

    @property
    def database(self) -> "EmbeddedDatabase | GivenDatabase | None":
        """The database of our own, or the one made on a given server."""
        if self.given_server:
            return GivenDatabase(self.given_server, self.database_url)
        if not self.database_url:
            return None
        paths = STATE / "database", Path(self.database_data), Path(self.database_binaries)
        return EmbeddedDatabase(*paths, self.database_port, self.database_url)

    def _stop_cluster(self) -> None:
        if self.plane is not None:
            self.plane.stop()
        elif self.source == "kind":
            clusters.delete_kind(Path(self.kubeconfig))


def up(say: Say) -> None:
    """Start what does not run yet, and say what to try."""
    memory = Memory.load()
    if memory is not None and not _is_whole(memory):
        say("what is left of an earlier run is not whole: starting anew")
        down(say)
        memory = None
    if memory is None:
        memory = _build(say)
    else:
        say("cluster and database are up already")
    _ensure_operator(memory, say)
    scene.wait_for_verdict(Kubectl(memory.cluster, scene.NAMESPACE))
    _write_environment(memory)
    say(scene.what_to_try(STATE.relative_to(operators.ROOT)))


def down(say: Say) -> None:
    """Stop everything, also what is left of a failed start; remove every file outside the cache."""
    operators.stop_left_over(STATE)
    memory = Memory.load()
    if memory is not None:
        if memory.cluster.is_given:
            Kubectl(memory.cluster).run("delete", "namespace", scene.NAMESPACE, "--ignore-not-found")
            operators.uninstall(memory.cluster)
        if memory.database is not None:
            memory.database.stop()
        memory.cluster.stop()
    shutil.rmtree(STATE, ignore_errors=True)
    say("everything is stopped" if memory else "nothing was running")


def _is_whole(memory: Memory) -> bool:
    plane, database = memory.plane, memory.database
    alive = plane is None or plane.is_running()
    return alive and database is not None and _answers(memory.database_url)


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True


def _build(say: Say) -> Memory:
    STATE.mkdir(exist_ok=True)
    try:
        cluster = clusters.start(STATE, say=say)
        memory = Memory(
            str(cluster.kubeconfig), str(cluster.kubectl), str(cluster.helm), cluster.source, cluster.binaries
        )
        memory.save()
        database = databases.start(STATE, say)
        memory = _remember_database(memory, database)
        memory.save()
        migrate(database.url)
        operators.install(cluster, say)
        scene.set_up(Kubectl(cluster), database.url, say)
    except BaseException:
        down(lambda _: None)
        raise
    return memory


def _remember_database(memory: Memory, database: databases.Database) -> Memory:
    if isinstance(database, GivenDatabase):
        extra: dict[str, object] = {"database_url": database.url, "given_server": database.server}
    else:
        extra = {
            "database_url": database.url,
            "database_data": str(database.data),
            "database_binaries": str(database.binaries),
            "database_port": database.port,
        }
    return Memory(**{**memory.__dict__, **extra})


def _ensure_operator(memory: Memory, say: Say) -> None:
    if operators.is_running(STATE):
        say("the operator runs already")
        return
    say("starting the operator")
    operators.start(memory.cluster, STATE)


def _write_environment(memory: Memory) -> None:
    path = STATE / "env"
    path.touch(mode=0o600)
    path.write_text(environment(memory))


def environment(memory: Memory) -> str:
    """Write what a shell has to know, ours before all else: where things are, and where kubectl, psql and modelward."""
    lines = {"KUBECONFIG": memory.kubeconfig, "DATABASE_URL": memory.database_url, "NAMESPACE": scene.NAMESPACE}
    tools = [Path(sys.executable).parent, Path(memory.kubectl).parent, Path(memory.database_binaries)]
    named = [quote(str(folder)) for folder in tools if folder.is_absolute()]
    return "".join(f"export {name}={quote(value)}\n" for name, value in lines.items()) + (
        f"export PATH={':'.join(named)}:$PATH\n" if named else ""
    )


def quote(text: str) -> str:
    """Quote a value for any shell."""
    if "'" in text:
        raise SandboxError(f"a quote in {text!r} cannot stand in .modelward/env")
    return f"'{text}'"
