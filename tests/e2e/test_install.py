"""The image in the chart's pod: what it may not do there, how it ends, and what it leaves behind."""

from e2e.release import Release
from e2e.served import Served
from node.pictures import OLD
from sandbox.kubectl import Kubectl

DEFINITION = "customresourcedefinition.apiextensions.k8s.io/modeldeployments.modelward.dev"
KINDS = (
    "clusterroles,clusterrolebindings,serviceaccounts,roles,rolebindings,deployments,replicasets,pods,leases,secrets,"
    "configmaps,customresourcedefinitions,networkpolicies,services,poddisruptionbudgets,"
    "validatingadmissionpolicies,validatingadmissionpolicybindings"
)


def test_the_pod_runs_as_nobody_on_a_root_that_cannot_be_written(operator: Release):
    pod = operator.until_ready()
    assert (
        operator.python(pod, "import os; print(os.getuid(), os.getgid(), os.getgroups())").split()[:2] == ["65532"] * 2
    )
    assert "Read-only file system" in operator.python(pod, "open('/venv/probe', 'w')")
    assert operator.python(pod, "open('/tmp/probe', 'w'); print('written')").strip() == "written"
    status = operator.python(pod, "print(open('/proc/1/status').read())")
    assert "CapEff:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status
    assert "Seccomp:\t2" in status


def test_the_strict_policy_refuses_what_is_not_so(operator: Release):
    said = operator.kubectl.run("run", "probe", "--image=localhost/modelward:e2e", "--dry-run=server", check=False)
    assert "violates PodSecurity" in said
    assert not [e for e in operator.kubectl.json("get", "events")["items"] if "violates PodSecurity" in str(e)]


def test_nothing_is_compiled_while_it_runs(operator: Release):
    pod = operator.until_ready()
    lacking = operator.python(
        pod,
        "import sys, os; import modelward.run, modelward.tell.__main__\n"
        "print([n for n, m in sys.modules.items() if (c := getattr(m, '__cached__', None)) and not os.path.exists(c)])",
    )
    assert lacking.strip() == "[]"


def test_helm_test_passes(operator: Release):
    done = operator.helm("test", "modelward", "--timeout=120s")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Phase:          Succeeded" in done.stdout


def test_a_pod_that_is_told_to_end_gives_the_lease_back_and_ends_by_itself(operator: Release):
    pod = operator.until_ready()
    assert operator.exit_code(pod, lambda: operator.scale(0)) == 0
    assert operator.holder() == ""


def test_uninstalled_it_leaves_what_keep_says_and_installed_again_it_goes_on(operator: Release, model: Served):
    model.serve(OLD)
    model.watch(checkInterval="10s")
    model.until(lambda status: status.get("currentVersion") == OLD, "the first look")
    assert len(brought(operator.kubectl)) > 10
    try:
        done = operator.helm("uninstall", "modelward", "--wait", "--timeout=120s")
        assert done.returncode == 0, done.stderr
        operator.kubectl.run("wait", "--for=delete", "pods", "--all", "--timeout=60s", check=False)
        assert brought(operator.kubectl) == [DEFINITION]
        model.until_all_answer(OLD)
    finally:
        operator.install()
    model.check()


def brought(kubectl: Kubectl) -> list[str]:
    """Name all that bears our name in the operator's namespace and in the cluster."""
    return [name for name in kubectl.run("get", KINDS, "--output=name").split() if "modelward" in name]
