"""From a Secret to a connection; whatever is wrong with it, no value of it is ever said."""

from pathlib import Path
from typing import Any

import pytest

from modelward.database.secrets import read_connection
from modelward.domain.errors import SourceError
from modelward.domain.reasons import Reason

PASSWORD, HOST, USER = "s3cr3t-pass", "secret-host.internal", "secret-user"
URI = f"postgresql://{USER}:{PASSWORD}@{HOST}:5433/prices"
PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def read(**values: str) -> dict[str, str]:
    return dict(read_connection("house-prices-db", values).parameters)


TAKEN: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "a URI": (
        {"uri": URI},
        {"user": USER, "password": PASSWORD, "host": HOST, "port": "5433", "dbname": "prices"},
    ),
    "a URI of keywords": ({"uri": f"host={HOST} dbname=prices"}, {"host": HOST, "dbname": "prices"}),
    "a URI that ends in a line break": ({"uri": f"postgresql://{HOST}/prices\n"}, {"host": HOST, "dbname": "prices"}),
    "a URI that asks for TLS": (
        {"uri": f"postgresql://{HOST}/prices?sslmode=require"},
        {"host": HOST, "dbname": "prices", "sslmode": "require"},
    ),
    "the URI, where both are given": (
        {"uri": f"postgresql://{HOST}/prices", "host": "other"},
        {"host": HOST, "dbname": "prices"},
    ),
    "single keys": (
        {"host": HOST, "port": "5433", "dbname": "prices", "user": USER, "password": PASSWORD, "sslmode": "require"},
        {"host": HOST, "port": "5433", "dbname": "prices", "user": USER, "password": PASSWORD, "sslmode": "require"},
    ),
    "single keys that end in line breaks": (
        {"host": f"{HOST}\n", "dbname": "prices\n"},
        {"host": HOST, "dbname": "prices"},
    ),
    "empty keys are none": ({"host": HOST, "password": ""}, {"host": HOST}),
    "keys of others are looked past": ({"host": HOST, "directUri": URI, "note": "x"}, {"host": HOST}),
    "a timeout and a name of its own are dropped": (
        {"uri": f"postgresql://{HOST}/prices?connect_timeout=999&application_name=x"},
        {"host": HOST, "dbname": "prices"},
    ),
    "the system's certificates": (
        {"host": HOST, "sslrootcert": "system"},
        {"host": HOST, "sslrootcert": "system", "sslmode": "verify-full"},
    ),
}


@pytest.mark.parametrize(("values", "parameters"), TAKEN.values(), ids=TAKEN)
def test_is_taken(values: dict[str, str], parameters: dict[str, str]):
    assert read(**values) == parameters


REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "no key at all": ({}, "needs the key uri, or host, dbname, user and password; it has: none"),
    "keys of other names": ({"url": URI, "pass": PASSWORD}, "it has: pass, url"),
    "an empty uri and no host": ({"uri": ""}, "it has: uri"),
    "something that is no URI": ({"uri": f"{PASSWORD} is the password"}, "is not a PostgreSQL URI"),
    "a URI of another database": ({"uri": f"mysql://{USER}:{PASSWORD}@{HOST}/x"}, "is not a PostgreSQL URI"),
    "a URI with an unknown keyword": ({"uri": f"{URI}?colour=blue"}, "is not a PostgreSQL URI"),
    "a URI with a broken escape": ({"uri": f"postgresql://{USER}:%ZZ{PASSWORD}@{HOST}/x"}, "is not a PostgreSQL URI"),
    "a URI without a host": ({"uri": "postgresql:///prices"}, "names no host"),
    "a file of passwords": ({"uri": f"{URI}?passfile=/etc/passwd"}, "uses passfile, which is not allowed"),
    "a key file": ({"uri": f"{URI}?sslkey=/etc/key&sslcert=/etc/cert"}, "uses sslcert, sslkey, which is not allowed"),
    "a service file": ({"uri": f"{URI}?service=x"}, "uses service"),
    "settings of the session": ({"uri": f"{URI}?options=-csearch_path%3Devil"}, "uses options"),
    "a certificate that is a path": ({"host": HOST, "sslrootcert": "/etc/ssl/key.pem"}, "must be a PEM certificate"),
    "a URI whose certificate is a path": (
        {"uri": f"{URI}?sslrootcert=/var/run/secrets/token"},
        "must be a PEM certificate or the word system",
    ),
}


@pytest.mark.parametrize(("values", "words"), REFUSED.values(), ids=REFUSED)
def test_is_refused_without_a_word_of_its_content(values: dict[str, str], words: str):
    with pytest.raises(SourceError) as caught:
        read(**values)
    assert caught.value.reason is Reason.SECRET_INCOMPLETE
    assert words in str(caught.value)
    assert "house-prices-db" in str(caught.value)
    for secret in (PASSWORD, HOST, USER, "/etc", "/var/run"):
        assert secret not in str(caught.value)
        assert secret not in repr(caught.value)
        assert secret not in _chain(caught.value)


def _chain(error: BaseException) -> str:
    """Return what a traceback in a log would show of the errors behind this one."""
    shown, cause = "", error.__cause__ if error.__suppress_context__ else error.__context__
    while cause is not None:
        shown, cause = shown + str(cause), cause.__cause__ or cause.__context__
    return shown


def test_a_connection_shows_nothing_of_itself():
    connection = read_connection("db", {"uri": URI})
    for shown in (repr(connection), str(connection), f"{connection}", f"{connection!r}"):
        assert shown == "Connection(...)"


def test_the_same_secret_twice_is_the_same_connection():
    assert read_connection("one", {"uri": URI}) == read_connection("two", {"uri": URI})
    assert len({read_connection("one", {"uri": URI}), read_connection("two", {"uri": URI})}) == 1


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let temporary files go to a folder of the test's own."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def certificate(**values: Any) -> Path:
    return Path(read(host=HOST, sslrootcert=PEM, **values)["sslrootcert"])


def test_a_certificate_is_kept_in_a_private_file(folder: Path):
    path = certificate()
    assert path.read_text() == PEM
    assert path.is_relative_to(folder)
    assert path.parent.stat().st_mode & 0o077 == 0


def test_the_same_certificate_is_the_same_file(folder: Path):
    assert certificate() == certificate(user=USER)
    assert len(list(folder.rglob("*.crt"))) == 1
