"""An image reference is taken apart where its parts really end."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelward.domain.image import ImageReference, is_listed, is_same_image, is_version, parse_image, version_in

DIGEST = "sha256:" + "0" * 64

PARTS = {
    "a name alone": ("model", ("model", None, None)),
    "name and tag": ("model:1", ("model", "1", None)),
    "registry and path": ("registry.example.com/team/model:1", ("registry.example.com/team/model", "1", None)),
    "a port is no tag": ("registry:5000/model", ("registry:5000/model", None, None)),
    "a port and a tag": ("registry:5000/model:1", ("registry:5000/model", "1", None)),
    "a digest alone": (f"model@{DIGEST}", ("model", None, DIGEST)),
    "tag and digest": (f"registry:5000/a/model:1@{DIGEST}", ("registry:5000/a/model", "1", DIGEST)),
    "an IPv6 registry": ("[::1]:5000/model:1", ("[::1]:5000/model", "1", None)),
    "a path behind what looks like a tag": ("r/m:1/../n", ("r/m:1/../n", None, None)),
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


ALIKE = {
    "the same text": ("r/m:7", "r/m:7", True),
    "another tag": ("r/m:7", "r/m:8", False),
    "the same digest in another repository": (f"r/m@{DIGEST}", f"mirror/m:7@{DIGEST}", True),
    "another digest": (f"r/m@{DIGEST}", "r/m@sha256:" + "1" * 64, False),
    "a tag and a digest": ("r/m:7", f"r/m:7@{DIGEST}", False),
}


@pytest.mark.parametrize(("one", "other", "same"), ALIKE.values(), ids=ALIKE)
def test_is_the_same_image(one: str, other: str, same: bool):  # noqa: FBT001
    assert is_same_image(one, other) is same


LISTED = {
    "letter by letter": ("registry.example.com/house-prices", "registry.example.com/house-prices"),
    "one of several, with spaces": ("b/m", "a/m , b/m,"),
    "a star in a segment": ("r/team/model-7", "r/*/model-*"),
    "a star that stands for nothing": ("r/model", "r/model*"),
    "several stars": ("r/a-b-c", "r/*a*b*c*"),
    "a port": ("localhost:5000/m", "localhost:5000/m"),
    "an IPv6 registry": ("[::1]:5000/m", "[::1]:5000/*"),
}
UNLISTED = {
    "nothing is allowed": ("r/m", ""),
    "only commas": ("r/m", " , ,"),
    "a longer host": ("registry.example.com.evil/house-prices", "registry.example.com/house-prices"),
    "a longer host under a star in another segment": ("registry.example.com.evil/x", "registry.example.com/*"),
    "a host before it": ("evil/registry.example.com/m", "registry.example.com/*"),
    "a prefix only": ("registry.example.com/house-prices-evil", "registry.example.com/house-prices"),
    "another case": ("registry.example.com/House-Prices", "registry.example.com/house-prices"),
    "a star does not cross a slash": ("r/a/b", "r/*"),
    "a star alone is one segment": ("r/m", "*"),
    "a dot is a dot": ("registryXexample.com/m", "registry.example.com/m"),
    "a question mark is none": ("r/ab", "r/a?"),
    "brackets are none": ("r/a", "r/[a]"),
    "what overlaps does not count twice": ("r/aba", "r/ab*ba"),
    "out of order": ("r/b-a", "r/*a*b*"),
}


@pytest.mark.parametrize(("repository", "allowed"), LISTED.values(), ids=LISTED)
def test_is_listed(repository: str, allowed: str):
    assert is_listed(repository, allowed)


@pytest.mark.parametrize(("repository", "allowed"), UNLISTED.values(), ids=UNLISTED)
def test_is_not_listed(repository: str, allowed: str):
    assert not is_listed(repository, allowed)


@given(st.text("ab/*", max_size=12), st.text("ab/*,", max_size=12))
def test_a_list_means_what_a_regular_expression_would(repository: str, allowed: str):
    patterns = [p.strip() for p in allowed.split(",") if p.strip()]
    expressions = ["[^/]*".join(map(re.escape, pattern.split("*"))) for pattern in patterns]
    assert is_listed(repository, allowed) is any(re.fullmatch(e, repository) for e in expressions)
