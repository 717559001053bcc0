"""An image reference is taken apart where its parts really end."""

import pytest

from modelward.domain.image import ImageReference, is_version, parse_image, version_in

DIGEST = "sha256:" + "0" * 64

PARTS = {
    "a name alone": ("model", ("model", None, None)),
    "name and tag": ("model:1", ("model", "1", None)),
    "registry and path": ("registry.example.com/team/model:1", ("registry.example.com/team/model", "1", None)),
    "a port is no tag": ("registry:5000/model", ("registry:5000/model", None, None)),
    "a port and a tag": ("registry:5000/model:1", ("registry:5000/model", "1", None)),
    "a digest alone": (f"model@{DIGEST}", ("model", None, DIGEST)),
    "tag and digest": (f"registry:5000/a/model:1@{DIGEST}", ("registry:5000/a/model", "1", DIGEST)),
    "nothing": ("", ("", None, None)),
}


@pytest.mark.parametrize(("image", "parts"), PARTS.values(), ids=PARTS)
def test_parts(image: str, parts: tuple[str, str | None, str | None]):
    assert parse_image(image) == ImageReference(*parts)


@pytest.mark.parametrize("text", ["1", "20260105_143022", "v1.2-rc.1", "_", "x" * 128])
def test_can_be_a_version(text: str):
    assert is_version(text)


@pytest.mark.parametrize("text", ["", "-1", ".1", "a b", "a/b", "a:b", "ä", "1\n", "x" * 129])
def test_cannot_be_a_version(text: str):
    assert not is_version(text)


READ = {
    "the tag": ("r/m:7", "r/m:{version}", "7"),
    "a part of the tag": ("r/m:house-7-gpu", "r/m:house-{version}-gpu", "7"),
    "behind a port": ("r:5000/m:7", "r:5000/m:{version}", "7"),
    "a digest is looked past": (f"r/m:7@{DIGEST}", "r/m:{version}", "7"),
    "another repository does not fit": ("other/m:7", "r/m:{version}", None),
    "no tag at all does not fit": ("r/m", "r/m:{version}", None),
    "an empty version does not fit": ("r/m:house-", "r/m:house-{version}", None),
    "what is no version does not fit": ("r/m:7/x", "r/m:{version}", None),
}


@pytest.mark.parametrize(("image", "template", "version"), READ.values(), ids=READ)
def test_a_template_reads_the_version(image: str, template: str, version: str | None):
    assert version_in(image, template) == version
