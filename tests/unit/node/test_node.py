"""How a node is chosen, started, and cleaned up after: command lines, settings, and what is said when there is none."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from node import cgroups
from node.__main__ import Kind, choose, run
from node.agent import Agent
from node.plan import Plan
from node.space import inside_command
from sandbox import kind
from sandbox.cache import forget_old, make_once
from sandbox.errors import SandboxError

PLAN = Plan(
    state="/tmp/node",
    name="modelward-node-1",
    kind="own",
    kubeconfig="/tmp/node/kubeconfig",
    kubectl="kubectl",
    helm="helm",
    images=("/cache/modelward-e2e-0a.tar", "/cache/postgres-e2e-0b.tar"),
)


# -- which node ------------------------------------------------------------------------------------------------------


def a_kind(reason: str | None = None, *, code: int = 0, breaks: bool = False) -> Kind:
    def start(command: Sequence[str], say: Callable[[str], None]) -> int:
        say(" ".join(command))
        if breaks:
            raise SandboxError("it did not come up")
        return code

    return Kind(lambda: reason, start)


def test_the_first_that_can_be_had_is_taken():
    assert run(choose({"kind": a_kind("no Docker"), "own": a_kind(code=7)}, None), ["true"]) == 7


def test_one_that_does_not_come_up_gives_way_to_the_next():
    assert run([a_kind(breaks=True), a_kind(code=5)], ["true"]) == 5


def test_what_is_chosen_is_taken_and_no_other():
    chosen = choose({"kind": a_kind(), "own": a_kind(code=3)}, "own")
    assert run(chosen, ["true"]) == 3
    with pytest.raises(SandboxError, match="did not come up"):
        run([a_kind(breaks=True)], ["true"])


def test_where_there_is_none_each_reason_is_said():
    with pytest.raises(SandboxError, match=r"no real node can be had here:\n  no Docker\n  not root"):
        choose({"kind": a_kind("no Docker"), "own": a_kind("not root")}, None)


def test_a_choice_that_is_none_is_refused_with_those_there_are():
    with pytest.raises(SandboxError, match="MODELWARD_E2E_NODE=minikube: it is one of kind, own"):
        choose({"kind": a_kind(), "own": a_kind()}, "minikube")


# -- command lines ---------------------------------------------------------------------------------------------------


def test_the_lines_of_kind_name_the_cluster():
    name, kubeconfig = "modelward-e2e", Path("k")
    create = ["kind", "create", "cluster", "--name", name, "--wait", "120s", "--kubeconfig", "k"]
    assert kind.create_command(kubeconfig, name) == create
    assert kind.load_command(Path("a.tar"), name) == ["kind", "load", "image-archive", "a.tar", "--name", name]
    assert kind.delete_command(kubeconfig, name) == ["kind", "delete", "cluster", "--name", name, "--kubeconfig", "k"]


def test_a_node_dies_with_whoever_started_it():
    line = inside_command(Path("plan.json"))
    assert line[:3] == ["setpriv", "--pdeathsig", "KILL"]
    assert {"--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"} <= set(line)
    assert line[-3:] == ["-m", "node.inside", "plan.json"]


def test_a_plan_is_read_as_it_was_written(tmp_path: Path):
    plan = Plan(**{**PLAN.__dict__, "state": str(tmp_path)})
    assert Plan.load(plan.save()) == plan
    assert plan.image("postgres") == Path("/cache/postgres-e2e-0b.tar")


def test_the_kubelet_keeps_to_its_own_control_groups():
    settings = Agent(PLAN, Path("/tmp/node"), Path("k")).kubelet_settings()
    assert settings["cgroupRoot"] == "/modelward-node-1"
    assert settings["containerRuntimeEndpoint"] == "unix:///tmp/node/containerd.sock"
    assert settings["makeIPTablesUtilChains"] is False


# -- control groups --------------------------------------------------------------------------------------------------

OLD_WAY = """tmpfs /sys/fs/cgroup tmpfs rw 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0
cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0
"""
NEW_WAY = "/dev/vda / ext4 rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n"
MOUNTS = {
    "each controller by itself": (OLD_WAY, ["cpu", "memory", "unified"], False),
    "all in one": (NEW_WAY, ["cgroup"], True),
    "none": ("/dev/vda / ext4 rw 0 0\n", [], True),
}


@pytest.mark.parametrize("name", MOUNTS)
def test_hierarchies_are_read_from_what_is_mounted(name: str):
    text, names, unified = MOUNTS[name]
    assert [place.name for place in cgroups.hierarchies(text)] == names
    assert cgroups.is_unified(text) is unified


# -- what is made once -----------------------------------------------------------------------------------------------


def test_what_is_made_once_is_whole_and_not_made_again(tmp_path: Path):
    made: list[str] = []

    def make(path: Path) -> None:
        made.append(path.name)
        path.write_text("whole")

    for _ in range(2):
        assert make_once(tmp_path / "thing", make).read_text() == "whole"
    assert made == ["thing"]


def test_of_what_fails_while_it_is_made_nothing_is_left(tmp_path: Path):
    def make(path: Path) -> None:
        path.write_text("half")
        raise SandboxError("interrupted")

    with pytest.raises(SandboxError):
        make_once(tmp_path / "thing", make)
    assert not (tmp_path / "thing").exists()
    assert [path.name for path in tmp_path.iterdir()] == [".making.lock"]


def test_of_many_states_those_that_were_asked_for_last_are_kept(tmp_path: Path):
    for age in range(5):
        path = tmp_path / f"image-{age}.tar"
        path.touch()
        os.utime(path, (1000.0 - age, 1000.0 - age))
    forget_old(tmp_path, "image-*.tar")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["image-0.tar", "image-1.tar", "image-2.tar"]
