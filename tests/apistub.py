"""An API server that says one thing, whatever it is asked; and remembers what that was."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from builders import NAME, NAMESPACE, A, Json, a_model, a_status
from modelward.domain.codec import encode
from modelward.domain.status import Verdict


class Stub:
    """Answers everything with one code and one body, line by line where there are several; and remembers the path."""

    def __init__(self, code: int, lines: list[bytes]) -> None:
        self.code, self.lines = code, lines
        self.asked: list[str] = []
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                stub.asked.append(f"{self.command} {self.path}")
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.send_response(stub.code)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                for line in stub.lines:
                    self.wfile.write(line)
                    self.wfile.flush()

            do_GET = do_PATCH = answer  # noqa: N815  http.server finds them by name

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class calls it so
                del format, args

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def kubeconfig(self, folder: Path) -> str:
        """Write a kubeconfig that leads to it."""
        file = folder / "kubeconfig"
        file.write_text(
            json.dumps(
                {
                    "current-context": "desk",
                    "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{self.server.server_port}"}}],
                    "users": [{"name": "ada", "user": {"token": "s3cr3t"}}],
                    "contexts": [{"name": "desk", "context": {"cluster": "c", "user": "ada", "namespace": NAMESPACE}}],
                }
            )
        )
        return str(file)


@contextmanager
def served(code: int, *lines: bytes) -> Iterator[Stub]:
    """Run one that answers so."""
    stub = Stub(code, list(lines))
    thread = threading.Thread(target=stub.server.serve_forever, daemon=True)
    thread.start()
    yield stub
    stub.server.shutdown()
    stub.server.server_close()
    thread.join()


def a_body(name: str = NAME, **spec: Any) -> Json:
    """A ModelDeployment that has been judged: B serves, A served before."""
    body = a_model(name, **spec)
    status = a_status(verdict=Verdict.HEALTHY, message="R2 is as it was", previous_version=A)
    meta = {**body["metadata"], "uid": "u", "resourceVersion": "7"}
    return {**body, "metadata": meta, "status": encode(status)}
