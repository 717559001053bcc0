"""etcd, API server, controllers, scheduler and kwok on loopback, ready in a few seconds.

All of it is real but the pods' processes: kwok reports them Running.
"""

import json
import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path

from sandbox.binaries import STAGES, Binaries
from sandbox.commands import run_command
from sandbox.errors import SandboxError
from sandbox.ports import free_ports
from sandbox.processes import Runner
from sandbox.waiting import wait_until

ORDER = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")
NODE = {
    # untainted: ordinary manifests schedule onto it as they are
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {
        "name": "fake-0",
        "annotations": {"kwok.x-k8s.io/node": "fake"},
        "labels": {"kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"},
    },
    "status": {
        "allocatable": {"cpu": "64", "memory": "256Gi", "pods": "100000"},
        "capacity": {"cpu": "64", "memory": "256Gi", "pods": "100000"},
    },
}
NEVER_READY = "registry.example.com/house-prices:20260101_broken"
"""An image whose pods are made, and never become ready."""
READY_STAGE, CHOSEN_BY = "  name: pod-ready\n", "    matchExpressions:\n"
NOT_OF = f"    - key: '.spec.containers.[].image'\n      operator: 'NotIn'\n      values: ['{NEVER_READY}']\n"
AUDIT_POLICY = "apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules: [{level: Metadata}]\n"


@dataclass(frozen=True)
class ControlPlane:
    """A control plane whose processes, certificates and logs stand in one folder."""

    binaries: Binaries
    folder: Path

    @property
    def kubeconfig(self) -> Path:
        """The administrator's."""
        return self.folder / "kubeconfig"

    @property
    def audit_log(self) -> Path:
        """Every request, one JSON line each, where that was asked for."""
        return self.folder / "audit.log"

    @property
    def runner(self) -> Runner:
        """Starts and stops its processes."""
        return Runner(self.folder)

    def is_running(self) -> bool:
        """Whether every process of it is alive."""
        return all(self.runner.is_running(name) for name in ORDER)

    def start(self, *, audit: bool = False) -> None:
        """Start everything; where one part fails, what was started is stopped again."""
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self._start(audit=audit)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop everything in reverse order."""
        for name in reversed(ORDER):
            self.runner.stop(name)

    def kubectl(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run kubectl as administrator; the caller looks at the return code."""
        command: list[str | Path] = [self.binaries.path("kubectl"), "--kubeconfig", self.kubeconfig, *arguments]
        return run_command(command, stdin=stdin)

    def _start(self, *, audit: bool) -> None:
        etcd, peer, api, controllers, scheduler = free_ports(5)
        token = secrets.token_hex(16)
        self._write_identity(token, api)
        self._start_etcd(etcd, peer)
        self._start_api_server(etcd, api, audit=audit)
        self._await_api_server()
        self._start_controllers(controllers, scheduler)
        self._start_kwok()
        self._await_node()

    def _write_identity(self, token: str, port: int) -> None:
        key = self.folder / "sa.key"
        done = run_command(["openssl", "genrsa", "-out", key, "2048"])
        if done.returncode:
            raise SandboxError(f"openssl made no key: {done.stderr.strip()}")
        _write_private(self.folder / "token.csv", f'{token},admin,admin,"system:masters"\n')
        certificate = self.folder / "certs" / "apiserver.crt"
        server = f"https://127.0.0.1:{port}"
        _write_private(self.kubeconfig, make_kubeconfig("modelward-sandbox", server, certificate, token))
        key.chmod(0o600)

    def _start_etcd(self, port: int, peer: int) -> None:
        client, peers = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{peer}"
        self._run(
            "etcd",
            f"--data-dir={self.folder / 'etcd'}",
            "--unsafe-no-fsync=true",
            "--log-level=warn",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peers}",
            f"--initial-advertise-peer-urls={peers}",
            f"--initial-cluster=default={peers}",
        )

    def _start_api_server(self, etcd: int, port: int, *, audit: bool) -> None:
        key = self.folder / "sa.key"
        self._run(
            "kube-apiserver",
            f"--etcd-servers=http://127.0.0.1:{etcd}",
            "--bind-address=127.0.0.1",
            f"--secure-port={port}",
            "--advertise-address=127.0.0.1",  # no look-up of a default route
            "--endpoint-reconciler-type=none",  # no loopback endpoint for the Service kubernetes
            f"--cert-dir={self.folder / 'certs'}",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--authorization-mode=RBAC",
            f"--token-auth-file={self.folder / 'token.csv'}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            "--allow-privileged=true",
            *(self._audit_flags() if audit else ()),
        )

    def _audit_flags(self) -> tuple[str, ...]:
        policy = self.folder / "audit-policy.yaml"
        policy.write_text(AUDIT_POLICY)
        return f"--audit-policy-file={policy}", f"--audit-log-path={self.audit_log}"

    def _await_api_server(self) -> None:
        def answers() -> bool:
            if not self.runner.is_running("kube-apiserver") or not self.runner.is_running("etcd"):
                tails = self.runner.log_tail("etcd") + "\n" + self.runner.log_tail("kube-apiserver")
                raise SandboxError(f"the control plane did not start:\n{tails}")
            return self.kubectl("get", "--raw", "/readyz").returncode == 0

        wait_until(answers, for_="the API server to be ready", timeout=90)

    def _start_controllers(self, controllers: int, scheduler: int) -> None:
        access = [f"--{kind}kubeconfig={self.kubeconfig}" for kind in ("", "authentication-", "authorization-")]
        common = [*access, "--leader-elect=false", "--bind-address=127.0.0.1"]
        self._run(
            "kube-controller-manager",
            *common,
            f"--secure-port={controllers}",
            f"--cert-dir={self.folder / 'controllers'}",
            "--use-service-account-credentials=false",
            f"--service-account-private-key-file={self.folder / 'sa.key'}",
            f"--root-ca-file={self.folder / 'certs' / 'apiserver.crt'}",
            "--kube-api-qps=200",
            "--kube-api-burst=400",
            "--horizontal-pod-autoscaler-sync-period=1s",
        )
        self._run("kube-scheduler", *common, f"--secure-port={scheduler}", f"--cert-dir={self.folder / 'scheduler'}")

    def _start_kwok(self) -> None:
        self._run(
            "kwok",
            f"--config={self._write_stages()}",
            f"--kubeconfig={self.kubeconfig}",
            "--manage-all-nodes=false",
            "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
            "--node-lease-duration-seconds=40",
            "--cidr=10.244.0.0/16",
            "--node-ip=127.0.0.1",
        )

    def _write_stages(self) -> Path:
        """Take kwok's own stages, but for the pods of one image."""
        path = self.folder / STAGES
        others, name, ready = self.binaries.path(STAGES).read_text().partition(READY_STAGE)
        path.write_text(others + name + ready.replace(CHOSEN_BY, CHOSEN_BY + NOT_OF, 1))
        return path

    def _await_node(self) -> None:
        wait_until(
            lambda: self.kubectl("apply", "-f", "-", stdin=json.dumps(NODE)).returncode == 0,
            for_="the node to be accepted",
            timeout=30,
        )
        wait_until(
            lambda: self.kubectl("get", "serviceaccount", "default").returncode == 0,
            for_="the controllers to work",
            timeout=60,
        )
        ready = ("wait", "--for=condition=Ready", "node/fake-0", "--timeout=1s")
        wait_until(lambda: self.kubectl(*ready).returncode == 0, for_="the node to be ready", timeout=60)

    def _run(self, name: str, *arguments: str) -> None:
        self.runner.start(name, [self.binaries.path(name), *arguments])


def make_kubeconfig(name: str, server: str, certificate: Path, token: str) -> str:
    """Write a kubeconfig (JSON is YAML) for one cluster and one token."""
    cluster = {"server": server, "certificate-authority": str(certificate)}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": cluster}],
            "users": [{"name": name, "user": {"token": token}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "current-context": name,
        }
    )


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)
