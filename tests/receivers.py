"""Those who receive alerts, for real and on this machine: a mail server with login and STARTTLS, and a web server."""

import email
import email.policy
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from sandbox.ports import free_ports

USER, PASSWORD = "modelward", "p4ss-c4n4ry"


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate for localhost that signs itself, and its key."""
    certificate, key = folder / "receiver.crt", folder / "receiver.key"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run([*command, *names, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return certificate, key


@dataclass
class Mailbox:
    """What arrived, as mail programs would show it."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    refuses: bool = False

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Take a mail that came over TLS from somebody who logged in."""
        del server
        if self.refuses:
            return "451 4.3.0 come back later"
        if session.ssl is None or not session.authenticated:
            return "530 5.7.0 log in over TLS first"
        content = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content).encode()
        self.mails.append(email.message_from_bytes(content, policy=email.policy.default))  # type: ignore[arg-type]
        return "250 OK"


@contextmanager
def a_mail_server(certificate: Path, key: Path) -> Iterator[Mailbox]:
    """Run a mail server that asks for STARTTLS and a login."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    mailbox = Mailbox(*free_ports(1))
    controller = Controller(
        mailbox,
        hostname="127.0.0.1",
        port=mailbox.port,
        tls_context=context,
        require_starttls=True,
        auth_required=True,
        authenticator=_check_login,
    )
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()


def mail_url(mailbox: Mailbox, *, password: str = PASSWORD, more: str = "") -> str:
    """Write the address of an administrator behind that mail server."""
    to = "from=modelward@example.com&to=admin@example.com"
    return f"mailto://{USER}:{password}@localhost:{mailbox.port}?smtp=localhost&{to}{more}"


def _check_login(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=good, handled=good)


@dataclass
class Hook:
    """What was posted: path, headers, body; and how it is answered."""

    port: int = 0
    posts: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    status: int = 200
    location: str = ""


@contextmanager
def a_web_server() -> Iterator[Hook]:
    """Run a web server that takes what is posted."""
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hook.posts.append((self.path, dict(self.headers.items()), body))
            self.send_response(hook.status)
            if hook.location:
                self.send_header("Location", hook.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hook.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield hook
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
