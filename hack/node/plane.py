"""The control plane of a node: as the sandbox's, but reachable from pods, and with a real kubelet in place of kwok."""

import secrets
from dataclasses import dataclass
from pathlib import Path

from sandbox.commands import run_command
from sandbox.control_plane import make_kubeconfig
from sandbox.errors import SandboxError
from sandbox.processes import Runner
from sandbox.waiting import wait_until

ADDRESS = "10.99.0.1"
SERVICES = "10.96.0.0/16"


@dataclass(frozen=True)
class Plane:
    """etcd, API server, controllers and scheduler in one folder."""

    binaries: Path
    folder: Path

    @property
    def runner(self) -> Runner:
        """Starts its processes."""
        return Runner(self.folder)

    @property
    def kubeconfig(self) -> Path:
        """The administrator's."""
        return self.folder / "kubeconfig"

    def start(self) -> None:
        """Start everything and wait until it answers."""
        self._write_identity()
        self._run("etcd", f"--data-dir={self.folder / 'etcd'}", "--unsafe-no-fsync=true", "--log-level=warn")
        self._start_api_server()
        wait_until(self._answers, for_="the API server to be ready", timeout=120)
        self._start_controllers()

    def _write_identity(self) -> None:
        done = run_command(["openssl", "genrsa", "-out", self.folder / "sa.key", "2048"])
        if done.returncode:
            raise SandboxError(f"openssl made no key: {done.stderr.strip()}")
        token = secrets.token_hex(16)
        (self.folder / "token.csv").write_text(f'{token},admin,admin,"system:masters"\n')
        server, certificate = f"https://{ADDRESS}:6443", self.folder / "certs" / "apiserver.crt"
        self.kubeconfig.write_text(make_kubeconfig("modelward-node", server, certificate, token))

    def _start_api_server(self) -> None:
        key = self.folder / "sa.key"
        self._run(
            "kube-apiserver",
            "--etcd-servers=http://127.0.0.1:2379",
            "--bind-address=0.0.0.0",
            "--secure-port=6443",
            f"--advertise-address={ADDRESS}",
            f"--cert-dir={self.folder / 'certs'}",
            f"--service-cluster-ip-range={SERVICES}",
            "--authorization-mode=RBAC",
            f"--token-auth-file={self.folder / 'token.csv'}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            "--kubelet-preferred-address-types=InternalIP",
        )

    def _answers(self) -> bool:
        for name in ("etcd", "kube-apiserver"):
            self.runner.pid(name)
        command: list[str | Path] = [
            self.binaries / "kubectl",
            "--kubeconfig",
            self.kubeconfig,
            "get",
            "--raw",
            "/readyz",
        ]
        return run_command(command).returncode == 0

    def _start_controllers(self) -> None:
        access = [f"--{kind}kubeconfig={self.kubeconfig}" for kind in ("", "authentication-", "authorization-")]
        common = [*access, "--leader-elect=false", "--bind-address=127.0.0.1"]
        self._run(
            "kube-controller-manager",
            *common,
            f"--cert-dir={self.folder / 'controllers'}",
            f"--flex-volume-plugin-dir={self.folder / 'volume-plugins'}",
            f"--service-account-private-key-file={self.folder / 'sa.key'}",
            f"--root-ca-file={self.folder / 'certs' / 'apiserver.crt'}",
        )
        self._run("kube-scheduler", *common, f"--cert-dir={self.folder / 'scheduler'}")

    def _run(self, name: str, *arguments: str) -> None:
        self.runner.start(name, [self.binaries / name, *arguments])
