"""Real servers beside PostgreSQL, for the tests that need one between it and us: a pooler, and an end of TLS."""

import os
import pwd
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from sandbox.ports import free_ports
from sandbox.processes import Runner
from sandbox.waiting import wait_until

PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
CONFIG = """[databases]
* = host=127.0.0.1 port={port} user={user} password={password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 1
"""


@contextmanager
def pgbouncer(url: str) -> Iterator[str]:
    """Run PgBouncer in transaction mode with one server connection; yield the URL through it."""
    assert PGBOUNCER, "pgbouncer is not installed: apt-get install pgbouncer"
    parts = conninfo_to_dict(url)
    folder = Path(tempfile.mkdtemp(prefix="modelward-pgbouncer-"))
    (listen,) = free_ports(1)
    config = folder / "pgbouncer.ini"
    config.write_text(CONFIG.format(listen=listen, **{k: parts[k] for k in ("port", "user", "password")}))
    user = "nobody" if os.geteuid() == 0 else None  # it refuses to run as root
    for path in (folder, config):
        if user:
            os.chown(path, pwd.getpwnam(user).pw_uid, -1)
    runner = Runner(folder / "run")
    runner.start("pgbouncer", [PGBOUNCER, config], user=user)
    through = make_conninfo(url, host="127.0.0.1", port=listen)
    try:
        wait_until(lambda: answers(through), for_="PgBouncer to answer", timeout=30)
        yield f"postgresql://{parts['user']}@127.0.0.1:{listen}/{parts['dbname']}"
    finally:
        runner.stop("pgbouncer")
        shutil.rmtree(folder, ignore_errors=True)


def answers(url: str) -> bool:
    """Whether a server takes connections."""
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def make_certificate(folder: Path, name: str, authority: str | None = None) -> Path:
    """Make a certificate for a host's name, signed by an authority made here before (None: it is one itself)."""
    key, request, made = (folder / f"{name}.{end}" for end in ("key", "csr", "crt"))
    if authority is None:
        _openssl(
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            key,
            "-out",
            made,
            "-days",
            "2",
            "-subj",
            "/CN=CA",
        )
        return made
    _openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request, "-subj", f"/CN={name}")
    extension = folder / f"{name}.ext"
    extension.write_text(f"subjectAltName=DNS:{name}\n")
    by = ("-CA", folder / f"{authority}.crt", "-CAkey", folder / f"{authority}.key", "-CAcreateserial")
    _openssl("x509", "-req", "-in", request, *by, "-out", made, "-days", "2", "-extfile", extension)
    return made


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


@contextmanager
def tls_front(url: str, certificate: Path) -> Iterator[int]:
    """Speak TLS with a certificate, as a server with `ssl = on` does, and pass on what is inside; yield the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    parts = conninfo_to_dict(url)
    behind = (str(parts["host"]), int(parts["port"] or 0))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_accept, args=(listener, context, behind), daemon=True).start()
        yield listener.getsockname()[1]
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, context: ssl.SSLContext, behind: tuple[str, int]) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_serve, args=(client, context, behind), daemon=True).start()


def _serve(client: socket.socket, context: ssl.SSLContext, behind: tuple[str, int]) -> None:
    with suppress(OSError), client:
        if client.recv(8) != SSL_REQUEST:
            return
        client.sendall(b"S")
        with context.wrap_socket(client, server_side=True) as inside, socket.create_connection(behind) as server:
            threading.Thread(target=_pass_on, args=(server, inside), daemon=True).start()
            _pass_on(inside, server)


def _pass_on(source: socket.socket, to: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            to.sendall(data)
    with suppress(OSError):
        to.shutdown(socket.SHUT_RDWR)
