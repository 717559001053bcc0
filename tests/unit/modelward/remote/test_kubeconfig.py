"""A kubeconfig that cannot be used is said in a sentence; which door is meant follows from what was typed."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from modelward.cli.kubectl import plugin
from modelward.cli.main import main
from modelward.domain.errors import InvalidCallError, ModelwardError
from modelward.remote.kubeconfig import log_in

GOOD = """
apiVersion: v1
kind: Config
current-context: desk
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: ada, user: {token: s3cr3t}}]
contexts:
- {name: desk, context: {cluster: c, user: ada, namespace: ml}}
- {name: bare, context: {cluster: c, user: ada}}
"""
BROKEN = {
    "no YAML": ("{", "it is no YAML"),
    "a list": ("- 1", "cannot be used"),
    "nothing in it": ("", "cannot be used"),
    "a context without a cluster": (GOOD.replace("name: c, cluster: {", "name: d, cluster: {"), "cannot be used"),
}


@pytest.fixture
def good(tmp_path: Path) -> str:
    file = tmp_path / "kubeconfig"
    file.write_text(GOOD)
    return str(file)


def test_a_context_says_who_and_where(good: str):
    login = log_in(good, None, None)
    assert (login.namespace, login.user) == ("ml", "user ada of context desk")
    assert log_in(good, "bare", None).namespace == "default"
    assert log_in(good, "bare", "mine").namespace == "mine"


def test_an_unknown_context_lists_those_there_are(good: str):
    with pytest.raises(InvalidCallError, match="no context 'prod'; there are: desk, bare"):
        log_in(good, "prod", None)


@pytest.mark.parametrize(("text", "words"), BROKEN.values(), ids=BROKEN)
def test_a_broken_one_is_a_sentence(tmp_path: Path, text: str, words: str):
    file = tmp_path / "kubeconfig"
    file.write_text(text)
    with pytest.raises(ModelwardError, match=words) as raised:
        log_in(str(file), None, None)
    assert "s3cr3t" not in str(raised.value)


DOORS = {
    "a database in the environment": ([], {"DATABASE_URL": "nonsense"}, "the database URL"),
    "none": ([], {}, "no cluster is named"),
    "the cluster all the same": (["--cluster"], {"DATABASE_URL": "nonsense"}, "no cluster is named"),
    "a namespace": (["-n", "ml"], {"DATABASE_URL": "nonsense"}, "no cluster is named"),
    "both": (["--database-url", "nonsense", "-A"], {}, "--all-namespaces is for a cluster"),
    "a database's option": (["--environment", "x"], {}, "--environment is for a database alone"),
    "a name and a database": (["house-prices"], {"DATABASE_URL": "nonsense"}, "a model of the database is named with"),
}


@pytest.mark.parametrize(("words", "environment", "said"), DOORS.values(), ids=DOORS)
def test_the_door_follows_from_what_was_typed(words: list[str], environment: dict[str, str], said: str):
    bare = {"DATABASE_URL": "", "KUBECONFIG": "/nowhere", "KUBERNETES_SERVICE_HOST": ""}
    result = CliRunner().invoke(main, ["status", *words], env={**bare, **environment})
    assert result.exit_code == 2
    assert said in result.stderr


def test_who_has_named_a_database_is_not_asked_for_one_where_only_a_cluster_can_answer():
    environment = {"DATABASE_URL": "postgresql://h/d", "KUBECONFIG": "/nowhere", "KUBERNETES_SERVICE_HOST": ""}
    result = CliRunner().invoke(main, ["gitops"], env=environment)
    assert result.exit_code == 2
    assert "no cluster is named: there is no kubeconfig /nowhere" in result.stderr
    assert "database" not in result.stderr


def test_kubectl_means_the_cluster_whatever_the_environment_says():
    environment = {"DATABASE_URL": "nonsense", "KUBECONFIG": "/nowhere", "KUBERNETES_SERVICE_HOST": ""}
    result = CliRunner().invoke(plugin, ["status"], env=environment, obj="kubectl")
    assert "no cluster is named" in result.stderr
