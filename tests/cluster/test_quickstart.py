"""docs/quickstart.md, the part that needs a cluster: run as it stands, and what is shown is what comes out."""

import sys
from collections.abc import Callable
from pathlib import Path

from pages import DOCS, run_steps, steps_of
from sandbox.cluster import Cluster
from sandbox.database import EmbeddedDatabase
from sandbox.operator import Operator


def test_a_reader_sees_a_rollback(
    cluster: Cluster,
    operator: Operator,
    make_database: Callable[..., str],
    postgres: EmbeddedDatabase,
    tmp_path: Path,
):
    assert operator
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_bytes(cluster.kubeconfig.read_bytes())  # the reader chooses a namespace, which is written there
    kubeconfig.chmod(0o600)
    environment = {"DATABASE_URL": make_database(migrated=False), "KUBECONFIG": str(kubeconfig)}
    tools = (Path(sys.executable).parent, postgres.binaries, cluster.kubectl.absolute().parent)
    wrong = run_steps(steps_of(DOCS / "quickstart.md", "cluster"), tmp_path, environment, *tools)
    assert not wrong, "\n\n".join(wrong)
