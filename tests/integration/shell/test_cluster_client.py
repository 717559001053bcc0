"""What an API server says becomes a sentence with what to do; played by a small server of our own."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from click.testing import CliRunner, Result

from apistub import a_body, served
from builders import NAME, NAMESPACE, A, B, Json
from modelward.cli.main import main
from modelward.domain.errors import ClusterError, ConflictError, ForbiddenError, NotFoundError
from modelward.remote import results
from modelward.remote.client import KubernetesApi
from modelward.remote.kubeconfig import log_in

Say = Callable[..., Json]


def said(code: int, reason: str, message: str) -> bytes:
    return json.dumps({"kind": "Status", "code": code, "reason": reason, "message": message}).encode()


ANSWERS: dict[str, tuple[int, bytes, type[Exception], str]] = {
    "who is that": (401, said(401, "Unauthorized", "Unauthorized"), ForbiddenError, "user ada of context desk: log in"),
    "not yours": (
        403,
        said(403, "Forbidden", "no"),
        ForbiddenError,
        f"may not get .*kubectl auth can-i get modeldeployments.modelward.dev --namespace {NAMESPACE}",
    ),
    "not there": (404, said(404, "NotFound", "x not found"), NotFoundError, f"no ModelDeployment {NAMESPACE}/{NAME}"),
    "no such kind": (404, b"404 page not found\n", ClusterError, "modelward is not installed there"),
    "somebody was faster": (409, said(409, "Conflict", "no"), ConflictError, "."),
    "in trouble": (500, said(500, "InternalError", "etcd is slow"), ClusterError, "refused to get .* 500 etcd is slow"),
    "in trouble without words": (503, b"<html>", ClusterError, "503"),
}


@pytest.mark.parametrize(("code", "body", "kind", "words"), ANSWERS.values(), ids=ANSWERS)
def test_a_refusal_is_a_sentence(tmp_path: Path, code: int, body: bytes, kind: type[Exception], words: str):
    with served(code, body) as stub, pytest.raises(kind, match=words) as raised:
        KubernetesApi(log_in(stub.kubeconfig(tmp_path), None, None)).get(NAMESPACE, NAME)
    assert "s3cr3t" not in str(raised.value)


def test_a_deployment_that_may_not_be_read_or_is_not_there_is_called_so(tmp_path: Path):
    with served(403, said(403, "Forbidden", "no")) as stub, pytest.raises(ForbiddenError) as raised:
        KubernetesApi(log_in(stub.kubeconfig(tmp_path), None, None)).get_deployment(NAMESPACE, NAME)
    assert f"kubectl auth can-i get deployments.apps --namespace {NAMESPACE}" in str(raised.value)
    assert stub.asked == [f"GET /apis/apps/v1/namespaces/{NAMESPACE}/deployments/{NAME}"]
    with (
        served(404, said(404, "NotFound", "x not found")) as stub,
        pytest.raises(NotFoundError, match=f"there is no Deployment {NAMESPACE}/{NAME}"),
    ):
        KubernetesApi(log_in(stub.kubeconfig(tmp_path), None, None)).get_deployment(NAMESPACE, NAME)


def test_a_server_that_is_gone_is_named(tmp_path: Path):
    with served(200) as stub:
        kubeconfig = stub.kubeconfig(tmp_path)
    with pytest.raises(ClusterError, match=r"the API server http://127\.0\.0\.1:\d+ does not answer"):
        KubernetesApi(log_in(kubeconfig, None, None)).find_all(NAMESPACE)


def event(kind: str, number: str) -> bytes:
    return json.dumps({"type": kind, "object": {"metadata": {"resourceVersion": number}}}).encode() + b"\n"


def watched(tmp_path: Path, *lines: bytes) -> list[str]:
    with served(200, *lines) as stub:
        api = KubernetesApi(log_in(stub.kubeconfig(tmp_path), None, None))
        seen = [body["metadata"]["resourceVersion"] for body in api.watch(NAMESPACE, NAME, "7", 5)]
    (path,) = stub.asked
    assert f"fieldSelector=metadata.name%3D{NAME}" in path
    assert "resourceVersion=7" in path
    return seen


def test_a_watch_tells_each_change_however_the_stream_is_cut(tmp_path: Path):
    whole = event("MODIFIED", "8") + event("MODIFIED", "9")
    assert watched(tmp_path, whole[:11], whole[11:30], whole[30:]) == ["8", "9"]


def test_a_watch_that_is_too_old_just_ends(tmp_path: Path):
    assert watched(tmp_path, event("MODIFIED", "8"), event("ERROR", "-"), event("MODIFIED", "9")) == ["8"]


def test_a_watch_says_that_the_resource_was_deleted(tmp_path: Path):
    with pytest.raises(NotFoundError, match="was deleted meanwhile"):
        watched(tmp_path, event("DELETED", "8"))


def run(kubeconfig: str, *words: str) -> Result:
    environment = {"DATABASE_URL": "", "KUBECONFIG": kubeconfig}
    return CliRunner().invoke(main, list(words), env=environment, prog_name="modelward")


def test_answers_for_programs_say_what_they_are(tmp_path: Path):
    listed = json.dumps({"metadata": {}, "items": [a_body(), a_body("churn")]}).encode()
    with served(200, listed) as stub:
        several = json.loads(run(stub.kubeconfig(tmp_path), "status", "-o", "json").stdout)
        history = json.loads(run(stub.kubeconfig(tmp_path), "history", "-A", "1", "-o", "json").stdout)
    assert (several["apiVersion"], several["kind"]) == ("modelward.dev/cli/v1", "StatusList")
    assert [item["name"] for item in several["items"]] == ["churn", NAME]
    assert (history["kind"], [e["model_version"] for e in history["items"]]) == ("History", [B, B])
    with served(200, json.dumps(a_body()).encode()) as stub:
        one = json.loads(run(stub.kubeconfig(tmp_path), "explain", NAME, "-o", "json").stdout)
    assert (one["kind"], one["namespace"], one["verdict"]) == ("Explanation", NAMESPACE, "Healthy")


SHAPES: dict[str, tuple[list[str], Any]] = {
    "Status": (["status", NAME], results.ClusterStatus),
    "History": (["history", NAME], results.ClusterHistoryEntry),
    "Explanation": (["explain", NAME], results.ClusterExplanation),
    "Request": (["rollback", NAME, "--yes", "--no-wait"], results.Request),
}


@pytest.mark.parametrize(("kind", "words", "shape"), [(k, *v) for k, v in SHAPES.items()], ids=SHAPES)
def test_an_answer_has_exactly_the_keys_that_are_documented(tmp_path: Path, kind: str, words: list[str], shape: Any):
    with served(200, json.dumps(a_body()).encode()) as stub:
        answered = json.loads(run(stub.kubeconfig(tmp_path), *words, "-o", "json").stdout)
    assert (answered.pop("apiVersion"), answered.pop("kind")) == ("modelward.dev/cli/v1", kind)
    for body in answered["items"] if kind == "History" else [answered]:
        assert body.keys() == get_type_hints(shape).keys()


def test_the_history_has_live_figures_and_samples_in_columns_of_their_own(tmp_path: Path):
    with served(200, json.dumps(a_body()).encode()) as stub:
        head = run(stub.kubeconfig(tmp_path), "history", NAME).stdout.splitlines()[0]
    assert head.split("  ")[0] == "NAME"
    assert [word for word in ("LIVE R2", "LIVE RMSE", "SAMPLES", "SINCE", "ROLLED BACK") if word not in head] == []


def test_an_empty_namespace_is_said_and_no_error(tmp_path: Path):
    with served(200, json.dumps({"metadata": {}, "items": []}).encode()) as stub:
        result = run(stub.kubeconfig(tmp_path), "status")
    assert (result.exit_code, result.stderr.strip()) == (0, f"namespace {NAMESPACE} holds no ModelDeployment")


def test_several_and_none_named_lists_them_and_is_wrong_use(tmp_path: Path):
    listed = json.dumps({"metadata": {}, "items": [a_body(), a_body("churn")]}).encode()
    with served(200, listed) as stub:
        results = [run(stub.kubeconfig(tmp_path), *verb) for verb in (("check",), ("explain",), ("rollback", "--yes"))]
    assert [result.exit_code for result in results] == [2, 2, 2]
    assert all(f"namespace {NAMESPACE} holds churn, {NAME}: name one" in result.stderr for result in results)


def test_a_request_that_is_not_waited_for_says_where_to_look(tmp_path: Path):
    with served(200, json.dumps(a_body()).encode()) as stub:
        result = run(stub.kubeconfig(tmp_path), "rollback", NAME, "--yes", "--no-wait")
    assert result.exit_code == 0
    assert f"asked for {B} -> {A} at " in result.stdout
    assert "as user ada of context desk" in result.stdout
    assert stub.asked[-1].startswith("PATCH /apis/modelward.dev/v1alpha1/namespaces/")
