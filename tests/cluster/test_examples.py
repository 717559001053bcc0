"""deploy/examples/cronjob.yaml is taken by the API server, and its pods by a namespace of the level restricted."""

import shutil
from dataclasses import replace
from pathlib import Path

import yaml

from cluster.scenes import A, Model
from pages import DOCS, run_steps, steps_of
from sandbox.cluster import Cluster
from sandbox.kubectl import Kubectl
from sandbox.operator import Operator


def test_the_cronjob_is_taken_where_pods_are_restricted(kubectl: Kubectl, namespace: str, root: Path):
    levels = [f"pod-security.kubernetes.io/{mode}=restricted" for mode in ("enforce", "warn")]
    kubectl.run("label", "namespace", namespace, *levels)
    text = (root / "deploy" / "examples" / "cronjob.yaml").read_text()
    taken = kubectl.try_("create", "--dry-run=server", "--filename=-", stdin=text)
    assert (taken.returncode, taken.stderr) == (0, "")
    spec = yaml.safe_load(text)["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "check"}, "spec": spec}
    taken = kubectl.try_("create", "--dry-run=server", "--filename=-", stdin=yaml.safe_dump(pod))
    assert (taken.returncode, taken.stderr) == (0, "")
    refused = kubectl.try_("run", "check", "--image=modelward:0.1.0", "--dry-run=server")
    assert "violates PodSecurity" in refused.stderr, "the level is in force here"


def test_S11_a_reader_of_the_page_has_a_job_that_checks(cluster: Cluster, kubectl: Kubectl, root: Path, tmp_path: Path):
    mine = replace(cluster, kubeconfig=copy_of(cluster, tmp_path))
    Kubectl(mine).run("config", "set-context", "--current", f"--namespace={kubectl.namespace}")
    shutil.copytree(root / "deploy", tmp_path / "deploy")
    environment = {"KUBECONFIG": str(tmp_path / "kubeconfig"), "DATABASE_URL": "postgresql://db.example.com/prices"}
    wrong = run_steps(steps_of(DOCS / "cron-and-ci.md", "cluster"), tmp_path, environment, tools(cluster))
    assert not wrong, "\n\n".join(wrong)
    job = kubectl.json("get", "job", "check-now")
    assert job["spec"]["template"]["spec"]["containers"][0]["args"][0] == "--check"


def test_a_reader_of_the_page_on_mail_has_an_address_that_can_be_read(
    cluster: Cluster, operator: Operator, kubectl: Kubectl, database_url: str, tmp_path: Path
):
    assert operator
    Model(kubectl, database_url).deploy(A)
    kubectl.run("create", "secret", "generic", "house-prices-db", f"--from-literal=uri={database_url}")
    mine = replace(cluster, kubeconfig=copy_of(cluster, tmp_path))
    Kubectl(mine).run("config", "set-context", "--current", f"--namespace={kubectl.namespace}")
    environment = {"KUBECONFIG": str(mine.kubeconfig)}
    wrong = run_steps(steps_of(DOCS / "email.md", "cluster"), tmp_path, environment, tools(cluster))
    assert not wrong, "\n\n".join(wrong)


def copy_of(cluster: Cluster, folder: Path) -> Path:
    """Copy the kubeconfig: who reads a page chooses a namespace, and that is written there."""
    copy = folder / "kubeconfig"
    copy.write_bytes(cluster.kubeconfig.read_bytes())
    copy.chmod(0o600)
    return copy


def tools(cluster: Cluster) -> Path:
    """Return the folder of kubectl."""
    return cluster.kubectl.absolute().parent
