"""What tests on tables of every make need, and those on what is sent."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from receivers import Hook, Mailbox, a_mail_server, a_web_server, make_certificate


@pytest.fixture
def url(make_database: Callable[..., str]) -> str:
    """A database without our tables."""
    return make_database(migrated=False)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of localhost, and its key."""
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def mailbox(certificate: tuple[Path, Path]) -> Iterator[Mailbox]:
    """A mail server with STARTTLS and a login."""
    with a_mail_server(*certificate) as mailbox:
        yield mailbox


@pytest.fixture
def hook() -> Iterator[Hook]:
    """A web server that takes what is posted."""
    with a_web_server() as hook:
        yield hook
