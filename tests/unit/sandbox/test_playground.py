"""What `make up` leaves for a shell: where things are, and the programs that the quickstart uses."""

import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.errors import SandboxError
from sandbox.playground import Memory, environment


def told(**memory: str) -> dict[str, str]:
    """Source the file in a shell; return what is set then."""
    whole = {"kubeconfig": "/k", "kubectl": "/tools/kubectl", "helm": "helm", "source": "ours", **memory}
    script = environment(Memory(**whole)) + "env -0"
    said = subprocess.run(["sh", "-c", script], env={"PATH": "/bin"}, capture_output=True, text=True, check=True).stdout
    return dict(line.split("=", 1) for line in said.split("\0") if line)


def test_a_shell_finds_cluster_database_and_programs():
    found = told(database_url="postgresql://u:p@h/d?a=b c", database_binaries="/pg/bin")
    assert (found["KUBECONFIG"], found["DATABASE_URL"]) == ("/k", "postgresql://u:p@h/d?a=b c")
    assert found["PATH"].split(":") == [str(Path(sys.executable).parent), "/tools", "/pg/bin", "/bin"]


def test_programs_that_are_on_the_path_already_are_not_named():
    assert told(kubectl="kubectl")["PATH"].split(":") == [str(Path(sys.executable).parent), "/bin"]


def test_a_quote_cannot_break_out():
    with pytest.raises(SandboxError):
        told(database_url="postgresql://h/d'; rm -rf /")
