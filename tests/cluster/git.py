"""What Flux reads in place of a Git repository: an archive with one manifest, served by a web server of our own."""

import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cluster.scenes import PATIENCE, Json
from sandbox.errors import SandboxError
from sandbox.flux import Flux
from sandbox.kubectl import Kubectl
from sandbox.waiting import wait_until

NAME = "models"
ASKED = "reconcile.fluxcd.io/requestedAt"


@dataclass
class Repository:
    """One manifest under version control, and the Kustomization that keeps the cluster like it."""

    kubectl: Kubectl
    flux: Flux
    url: str
    archives: dict[str, bytes] = field(default_factory=dict)
    commits: int = 0

    def install(self) -> None:
        """Make the source and the Kustomization."""
        source = {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "ExternalArtifact", "metadata": {"name": NAME}}
        self.kubectl.apply(source)
        spec = {"interval": "1h", "prune": True, "path": "./", "wait": False}
        body = {
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
            "kind": "Kustomization",
            "metadata": {"name": NAME},
            "spec": {**spec, "sourceRef": {"kind": "ExternalArtifact", "name": NAME}},
        }
        self.kubectl.apply(body)

    def commit(self, manifest: Json) -> None:
        """Put another state of the manifest there; Flux sees it come, and looks once."""
        self.commits += 1
        archive = _pack(manifest | {"metadata": {**manifest["metadata"], "namespace": self.kubectl.namespace}})
        path = f"/{self.kubectl.namespace}/{self.commits}.tar.gz"
        self.archives[path] = archive
        digest, now = hashlib.sha256(archive).hexdigest(), datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        artifact = {
            "url": self.url + path,
            "path": path[1:],
            "digest": f"sha256:{digest}",
            "revision": f"main@sha1:{digest[:40]}",
            "lastUpdateTime": now,
            "size": len(archive),
        }
        ready = {"type": "Ready", "status": "True", "reason": "Succeeded", "message": "", "lastTransitionTime": now}
        status = json.dumps({"status": {"artifact": artifact, "conditions": [ready]}})
        where = ("externalartifact.source.toolkit.fluxcd.io", NAME, "--subresource=status", "--type=merge")
        self.kubectl.run("patch", *where, f"--patch={status}")
        self._await(lambda status: status.get("lastAppliedRevision") == artifact["revision"])

    def reconcile(self) -> None:
        """Have Flux look once more, and wait until it has."""
        at = datetime.now(UTC).isoformat()
        self.kubectl.run("annotate", "kustomization", NAME, "--overwrite", f"{ASKED}={at}")

        self._await(lambda status: status.get("lastHandledReconcileAt") == at)

    def _await(self, holds: Callable[[Json], bool]) -> None:
        def is_done() -> bool:
            status = self.see().get("status", {})
            ready = {c["type"]: c["status"] for c in status.get("conditions", ())}.get("Ready")
            return ready == "True" and holds(status)

        try:
            wait_until(is_done, for_="Flux to have looked", timeout=PATIENCE)
        except SandboxError as error:
            error.add_note(f"{json.dumps(self.see().get('status'), indent=1)}\n{self.flux.log_tail()}")
            raise

    def configure(self, spec: Json) -> None:
        """Change the Kustomization, as its owner would."""
        self.kubectl.run("patch", "kustomization", NAME, "--type=merge", f"--patch={json.dumps({'spec': spec})}")

    def see(self) -> Json:
        """Read the Kustomization."""
        found: Json = self.kubectl.json("get", "kustomization", NAME)
        return found


def _pack(manifest: Json) -> bytes:
    text, archive = json.dumps(manifest).encode(), io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        entry = tarfile.TarInfo("deployment.yaml")
        entry.size, entry.mode = len(text), 0o644
        tar.addfile(entry, io.BytesIO(text))
    return archive.getvalue()


@contextmanager
def a_repository(kubectl: Kubectl, flux: Flux) -> Iterator[Repository]:
    """Serve a repository until it is not needed any more."""
    archives: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = archives.get(self.path)
            self.send_response(200 if found else 404)
            self.send_header("Content-Length", str(len(found or b"")))
            self.end_headers()
            self.wfile.write(found or b"")

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield Repository(kubectl, flux, f"http://127.0.0.1:{server.server_address[1]}", archives)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
