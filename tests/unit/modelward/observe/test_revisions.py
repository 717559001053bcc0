"""Which versions served before is read from the Deployment's own ReplicaSets, older than what was read of it."""

from typing import Any

from builders import A, B, C, a_deployment, a_replica_set, a_spec, image_of
from modelward.observe.deployments import parse_deployment
from modelward.observe.serving import find_revisions

ENV = {"type": "Env", "env": {"name": "MODEL_VERSION"}}
NOTE = {"type": "Annotation", "annotation": {"key": "example.com/version"}}
MODEL, PROXY = {"name": "model", "image": image_of(B)}, {"name": "proxy", "image": "proxy:1"}


def raw(**changes: Any) -> dict[str, Any]:
    body = a_deployment(version=B, **changes)
    body["spec"]["template"]["metadata"]["annotations"] = {"example.com/version": "7"}
    body["metadata"] |= {"uid": "uid-d", "resourceVersion": "7", "generation": 3}
    return body


def test_the_deployments_own_replica_sets_are_its_past_oldest_first():
    body = raw()
    sets = [a_replica_set(body, v, n) for v, n in ((C, 10), (A, 2), (B, 9))]
    found = find_revisions(a_spec(), parse_deployment(body), sets)
    assert [(r.number, r.version, r.value) for r in found] == [
        (2, A, image_of(A)),
        (9, B, image_of(B)),
        (10, C, image_of(C)),
    ]


def test_replica_sets_of_others_or_without_a_readable_version_are_left_out():
    body = raw()
    foreign = a_replica_set({**body, "metadata": {**body["metadata"], "uid": "other"}}, A, 1)
    orphan = a_replica_set(body, A, 2)
    del orphan["metadata"]["ownerReferences"]
    unreadable = a_replica_set(body, A, 3)
    unreadable["spec"]["template"]["spec"]["containers"][0]["image"] = "model"
    ambiguous = a_replica_set(body, A, 4)
    ambiguous["spec"]["template"]["spec"]["containers"].append(PROXY)
    assert find_revisions(a_spec(), parse_deployment(body), [foreign, orphan, unreadable, ambiguous]) == ()


def test_what_was_deployed_after_the_deployment_was_read_is_not_its_past():
    body = raw(annotations={"deployment.kubernetes.io/revision": "9"})
    sets = [a_replica_set(body, v, n) for v, n in ((C, 10), (A, 2), (B, 9))]
    assert [r.version for r in find_revisions(a_spec(), parse_deployment(body), sets)] == [A, B]


def test_the_past_of_a_variable_and_of_an_annotation_is_read_from_the_same_place():
    body = raw(containers=[{**MODEL, "env": [{"name": "MODEL_VERSION", "value": "7"}]}])
    older = a_replica_set(body, A, 1)
    older["spec"]["template"]["metadata"] = {"annotations": {"example.com/version": "6"}}
    older["spec"]["template"]["spec"]["containers"][0] |= {
        "image": image_of(B),
        "env": [{"name": "MODEL_VERSION", "value": "6"}],
    }
    for field in (ENV, NOTE):
        spec = a_spec(versionField=field)
        now = parse_deployment(body, spec.version_field)
        (revision,) = find_revisions(spec, now, [older])
        assert (revision.version, revision.value) == ("6", "6")
        assert (revision.template_hash == now.template_hash) is (field is ENV)
