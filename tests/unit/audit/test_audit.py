"""Secrets are found where they are none of the examples, and what was not looked up does not pass for sound."""

import json
from pathlib import Path

import pytest
from detect_secrets.settings import transient_settings

from audit.packages import Found, Weakness, parse
from audit.secrets import FILTERS, PLUGINS, look_into

MADE_UP = "AKIA" + "QYLPMN5HHHFPZAM2"
LEAKS = {
    "a cloud's key": f"key = {MADE_UP}",
    "a private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "a login in a URL": "url: postgresql://joe:" + "Tr0ub4dor3" + "@db.example.com/prices",
    "a password that is set": 'password = "' + 'Tr0ub4dor3"',
    "a token of a chat": "xoxb-" + "123456789012-1234567890123-abcdefghijklmnopqrstuvwx",
}
EXAMPLES = {
    "a login in a URL": "url: postgresql://user:password@db.example.com/prices",
    "one that is filled in": 'uri = f"postgresql://{user}:{password}@{host}/db"',
    "a mark of a test": 'password = "s3cr3t"',
}


def found_in(folder: Path, text: str) -> list[str]:
    (folder / "file.py").write_text(text + "\n")
    with transient_settings({"plugins_used": [{"name": name} for name in PLUGINS], "filters_used": FILTERS}):
        return list(look_into(folder, "file.py"))


@pytest.mark.parametrize("text", LEAKS.values(), ids=LEAKS)
def test_is_found(tmp_path: Path, text: str):
    assert found_in(tmp_path, text)


@pytest.mark.parametrize("text", EXAMPLES.values(), ids=EXAMPLES)
def test_is_an_example(tmp_path: Path, text: str):
    assert found_in(tmp_path, text) == []


VULNERABILITY = {"id": "PYSEC-1", "fix_versions": ["2.0"], "aliases": [], "description": ""}
ANSWERS = {
    "nothing is known": ([{"name": "a", "version": "1", "vulns": []}], Found()),
    "a weakness": (
        [{"name": "a", "version": "1", "vulns": [VULNERABILITY]}],
        Found([Weakness("a", "1", "PYSEC-1", "2.0")]),
    ),
    "a package that the service does not know": ([{"name": "a", "skip_reason": "not found"}], Found(unknown=["a"])),
}


@pytest.mark.parametrize(("packages", "found"), ANSWERS.values(), ids=ANSWERS)
def test_what_a_service_says(packages: list[object], found: Found):
    assert parse(json.dumps({"dependencies": packages, "fixes": []})) == found


@pytest.mark.parametrize("answer", ["", "<html>a proxy</html>", "[]", "{}"])
def test_no_answer_tells_about_nothing(answer: str):
    assert parse(answer).unknown == ["everything"]
