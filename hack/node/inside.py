"""`python -m node.inside PLAN COMMAND...`: the first process of the node's namespaces; all of it ends with this one."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from node import parts
from node.agent import NAME, Agent, make_network
from node.hiding import hide
from node.plan import VARIABLE, Plan
from node.plane import Plane
from sandbox.commands import run_command
from sandbox.errors import SandboxError
from sandbox.waiting import wait_until


def start(plan: Plan) -> None:
    """Bring the node up."""
    folder = Path(plan.state)
    hide()
    make_network()
    plane = Plane(Path(plan.plane), folder)
    agent = Agent(plan, folder, plane.kubeconfig)
    agent.start_containers()
    plane.start()
    agent.start()
    _await_node(plan, agent)


def _await_node(plan: Plan, agent: Agent) -> None:
    kubectl = [plan.kubectl, "--kubeconfig", plan.kubeconfig]

    def ready() -> bool:
        agent.check()
        wanted = ("wait", "--for=condition=Ready", f"node/{NAME}", "--timeout=1s")
        return run_command([*kubectl, *wanted]).returncode == 0

    wait_until(ready, for_=f"the node to be ready\n{agent.runner.log_tail('kubelet')}", timeout=90)
    account = [*kubectl, "get", "serviceaccount", "default"]
    wait_until(lambda: run_command(account).returncode == 0, for_="the controllers to work", timeout=60)


def main(arguments: list[str]) -> int:
    """Bring the node up, run the command in it, and end."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    file, *command = arguments
    plan = Plan.load(Path(file))
    os.environ["PATH"] = f"{plan.plane}:{parts.search_path()}"
    try:
        start(plan)
    except (SandboxError, OSError) as error:
        print(f"error: the node did not start: {error}", file=sys.stderr)
        return 1
    environment = {**os.environ, VARIABLE: file, "KUBECONFIG": plan.kubeconfig}
    with subprocess.Popen(command, env=environment) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:  # the command was told as well
            return process.wait() or 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
