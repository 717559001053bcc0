"""The list of what is in the image is whole, and every licence in it may be shipped."""

import json
from pathlib import Path
from typing import Any

import pytest

from release.contents import check_complete, check_licences
from release.errors import ReleaseError

LOCKED = f"""\
one==1.0 \\
    --hash=sha256:{"a" * 64} \\
    --hash=sha256:{"b" * 64}
two-parts==2.0 \\
    --hash=sha256:{"c" * 64}
elsewhere==3.0 ; sys_platform == 'win32' \\
    --hash=sha256:{"d" * 64}
"""


def component(name: str, version: str, *licences: dict[str, Any], hashes: int = 1) -> dict[str, Any]:
    listed = [{"alg": "SHA-256", "content": "a" * 64}] * hashes
    return {"name": name, "version": version, "licenses": list(licences), "hashes": listed}


def named(**licence: str) -> dict[str, Any]:
    return {"license": licence}


OURS = component("modelward", "0.1.0", named(id="Apache-2.0"), hashes=0)
WHOLE = [component("one", "1.0"), component("Two_Parts", "2.0"), OURS]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements/operator.txt").write_text(LOCKED)
    return tmp_path


def listing(root: Path, *components: dict[str, Any]) -> Path:
    path = root / "bom.json"
    path.write_text(json.dumps({"components": components}))
    return path


def test_a_whole_list_is_well_whatever_spelling_names_have(root: Path):
    assert check_complete(root, listing(root, *WHOLE)).startswith("every one of the 2 locked packages")


@pytest.mark.parametrize(
    ("components", "complaint"),
    [
        (WHOLE[1:], r"one 1\.0 is not listed"),
        ([component("one", "1.1"), *WHOLE[1:]], r"one 1\.0 is not listed; one 1\.1 is listed and not locked"),
        ([*WHOLE, component("smuggled", "6")], r"smuggled 6 is listed and not locked"),
        ([component("one", "1.0", hashes=0), *WHOLE[1:]], "one has no hash"),
    ],
)
def test_what_is_amiss_is_named(root: Path, components: list[dict[str, Any]], complaint: str):
    with pytest.raises(ReleaseError, match=complaint):
        check_complete(root, listing(root, *components))


@pytest.mark.parametrize(
    "licence",
    [
        {"expression": "MIT"},
        {"expression": "GPL-2.0-only OR MIT"},
        {"expression": "(Apache-2.0 AND BSD-2-Clause)"},
        named(id="MPL-2.0"),
        named(name="License :: OSI Approved :: BSD License"),
    ],
)
def test_a_compatible_licence_is_taken(root: Path, licence: dict[str, Any]):
    assert check_licences(listing(root, component("one", "1.0", licence))).startswith("licences: ")


@pytest.mark.parametrize(
    ("licences", "complaint"),
    [
        ([], "one has no licence"),
        ([named(id="GPL-3.0-only")], r"one has GPL-3\.0-only"),
        ([{"expression": "MIT AND GPL-3.0-only"}], r"one has MIT AND GPL-3\.0-only"),
        ([named(name="Proprietary")], "one has Proprietary"),
    ],
)
def test_any_other_is_named(root: Path, licences: list[dict[str, Any]], complaint: str):
    with pytest.raises(ReleaseError, match=complaint):
        check_licences(listing(root, component("one", "1.0", *licences)))
