"""Where the version stands, which versions there are, which one is to serve: what the API server takes and refuses."""

import pytest

from cluster.scenes import resource
from sandbox.kubectl import Kubectl

pytestmark = pytest.mark.every_version
TEMPLATE = (
    "versionField.image.template must be an image with {version} once, in its tag or in the path of its repository, "
    "such as registry.example.com/house-prices:{version}"
)

REFUSED = [
    ("versionField: {image: {template: registry/model}}", "spec.versionField.image.template", TEMPLATE),
    ('versionField: {image: {template: "{version}/model:1"}}', "spec.versionField.image.template", TEMPLATE),
    ('versionField: {image: {template: "r/m@{version}"}}', "spec.versionField.image.template", TEMPLATE),
    ('versionField: {image: {template: "r/{version}:{version}"}}', "spec.versionField.image.template", TEMPLATE),
    ("version: 20260105_143022", "spec.version", "version must be text in quotes that can be an image tag"),
    ("version: a b", "spec.version", "version must be text in quotes"),
    ("versionField: {type: Env}", "spec.versionField.env", "env must be given with the type Env"),
    (
        "versionField: {env: {name: X}}",
        "spec.versionField.env",
        "env must be given with the type Env, and with no other",
    ),
    ("versionField: {type: Annotation}", "spec.versionField.annotation", "annotation must be given with the type"),
    ("versionField: {annotation: {key: a/b}}", "spec.versionField.annotation", "and with no other"),
    (
        'versionField: {type: Env, env: {name: X}, image: {template: "r/m:{version}"}}',
        "spec.versionField.image",
        "versionField.image may be given with the type Image only",
    ),
    ("versionField: {type: Env, env: {name: A=B}}", "spec.versionField.env.name", "without an equals sign"),
    (
        "versionField: {type: Annotation, annotation: {key: a/b/c}}",
        "spec.versionField.annotation.key",
        "must be an annotation's key",
    ),
    (
        "versionField: {type: Env, env: {name: X}}, versions: [{name: v1, image: 'r/m:1'}]",
        "spec.versions",
        "spec.versions may be given with versionField.type Image only",
    ),
    ("versions: [{name: a b, image: 'r/m:1'}]", "spec.versions[0].name", "name must be text that can be an image tag"),
    ("versions: [{name: v1, image: 'r/m:'}]", "spec.versions[0].image", "image must be an image such as"),
    ("versions: [{name: v1, image: 'r/m@sha256:xyz'}]", "spec.versions[0].image", "image must be an image such as"),
    (
        "versions: [{name: v1, image: 'r/m:1'}, {name: v2, image: 'r/m:1'}]",
        "spec.versions",
        "versions must name each image once",
    ),
    ("versions: [{name: v1, image: 'r/m:1'}, {name: v1, image: 'r/m:2'}]", "spec.versions[1]", "Duplicate value"),
]
TAKEN = [
    'versionField: {image: {template: "registry:5000/models/{version}/server:1"}}',
    'versionField: {image: {template: "[::1]:5000/m:{version}"}}',
    'versionField: {image: {template: "model:{version}"}}',
    "versionField: {type: Env, containerName: model, env: {name: MODEL_VERSION}}",
    "versionField: {type: Annotation, annotation: {key: example.com/version}}",
    'version: "20260105_143022"',
    "versions: [{name: v1, image: 'r:5000/m@sha256:" + "0" * 64 + "'}, {name: v2, image: 'r:5000/m:2'}]",
    "version: v1.2.3-rc_1",
]


def manifest(line: str) -> str:
    return f"""
apiVersion: modelward.dev/v1alpha1
kind: ModelDeployment
metadata: {{name: house-prices}}
spec: {{database: {{secretRef: {{name: db}}}}, autoRollback: true, {line}}}
"""


@pytest.mark.parametrize(("line", "field", "words"), REFUSED, ids=[line for line, _, _ in REFUSED])
def test_a_wrong_value_is_refused_in_one_line_that_names_the_field(kubectl: Kubectl, line: str, field: str, words: str):
    refused = kubectl.try_("create", "--dry-run=server", "--filename=-", stdin=manifest(line))
    assert refused.returncode != 0
    (said,) = refused.stderr.strip().splitlines()
    assert said.startswith(f'The ModelDeployment "house-prices" is invalid: {field}: ')
    assert words in said


@pytest.mark.parametrize("line", TAKEN)
def test_a_right_value_is_taken(kubectl: Kubectl, line: str):
    taken = kubectl.try_("create", "--dry-run=server", "--filename=-", stdin=manifest(line))
    assert taken.returncode == 0, taken.stderr


def test_a_full_catalogue_is_taken(kubectl: Kubectl):
    entries = [{"name": f"v{i}", "image": f"registry.example.com/house-prices@sha256:{i:064x}"} for i in range(100)]
    kubectl.apply(resource("house-prices", version="v99", versions=entries), "--dry-run=server")


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("spec.version", "After a rollback it is held back until another version is named here."),
        ("spec.versionField.type", "ENUM: Image Env Annotation"),
        ("spec.versionField.env.name", "letters, digits, dots, dashes and underscores"),
        ("spec.versions", "modelward.dev/allowed-images"),
        ("status.placement.state", "stays out until spec.version names another"),
    ],
)
def test_explain_reads_like_a_manual(kubectl: Kubectl, field: str, words: str):
    page = " ".join(kubectl.run("explain", f"mdl.{field}").split())
    assert words in page
    assert "<empty>" not in page
