"""Every secret of a whole run carries a mark of its own; none of the marks is found in anything that a person may read.

Read is the operator's log at DEBUG, the objects and Events in every form kubectl shows them, /metrics, the audit table,
the mails and webhooks themselves, the command line and environment of the operator and of the processes that send, what
`kubectl modelward` and `modelward db check` say, to good addresses and to broken ones.
"""

import json
import secrets
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import psutil
import psycopg
import pytest
from click.testing import CliRunner
from psycopg import sql

from cluster.scenes import WORSE, A, B, Model, resource
from modelward.__main__ import main
from receivers import PASSWORD, USER, a_mail_server, a_web_server, make_certificate
from sandbox.kubectl import Kubectl
from sandbox.operator import Operator
from sandbox.waiting import wait_until

if TYPE_CHECKING:
    from cluster.scenes import Json

KINDS = ["login", "wrong", "mangled", "option", "split", "signing", "path", "slack", "token", "smtp", "pager"]
ODD = "p@ss:/?#[]%&='\"\\ é$({0})"
NOBODY = "192.0.2.1"


@pytest.fixture
def marks() -> dict[str, str]:
    """One mark for each kind of secret: letters and digits, which every encoding leaves as they are."""
    return {kind: f"c4n4ry{kind}{secrets.token_hex(6)}" for kind in KINDS} | {"mail": PASSWORD}


@pytest.fixture
def silent() -> Iterator[int]:
    """A receiver that takes the connection and says nothing, so that what sends to it can be looked at."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def give(kubectl: Kubectl, name: str, **keys: str) -> None:
    kubectl.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": keys})


def log_in(url: str, mark: str) -> str:
    """Make a user whose password holds a mark among all that has to be encoded; return the URL for that user."""
    parts, user, password = urlsplit(url), f"u{secrets.token_hex(4)}", ODD.format(mark)
    with psycopg.connect(url, autocommit=True) as link:
        link.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(user), sql.Literal(password)))
        link.execute(sql.SQL("GRANT pg_read_all_data, pg_write_all_data TO {}").format(sql.Identifier(user)))
    return f"postgresql://{user}:{quote(password, safe='')}@{parts.hostname}:{parts.port}{parts.path}"


def broken(url: str, marks: dict[str, str]) -> dict[str, dict[str, str]]:
    """Say in how many ways a Secret can be wrong."""
    parts = urlsplit(url)
    where = f"{parts.hostname}:{parts.port}{parts.path}"
    return {
        "wrong": {"uri": f"postgresql://{parts.username}:{marks['wrong']}@{where}"},
        "mangled": {"uri": f"postgresql://u:{marks['mangled']}%zz@{where}"},
        "option": {"uri": f"postgresql://u:p@{where}?passfile=/{marks['option']}&options=-c%20x%3D{marks['option']}"},
        "split": {"uri": f"postgresql://u:{marks['split']}@a:{marks['split']}/{marks['split']}@{where}"},
    }


def receivers(hook: int, mailbox: int, silent: int, marks: dict[str, str]) -> dict[str, dict[str, str]]:
    """Name receivers that take it, refuse it, hang, or are nowhere; each address holds a mark."""
    key, options = {"signing-key": marks["signing"]}, "smtp=localhost&from=a@example.com&to=b@example.com&verify=no"
    return {
        "taken": {"url": f"http://127.0.0.1:{hook}/{marks['path']}?token={marks['token']}", **key},
        "silent": {"url": f"http://127.0.0.1:{silent}/{marks['path']}", **key},
        "mail": {"url": f"mailto://{USER}:{PASSWORD}@localhost:{mailbox}?{options}"},
        "refused": {"url": f"mailto://{USER}:{marks['smtp']}@localhost:{mailbox}?{options}"},
        "chat": {"url": f"mmost://127.0.0.1:{hook}/{marks['slack']}"},
        "nowhere": {"url": f"jsons://{marks['pager']}:{marks['pager']}@127.0.0.1:1/{marks['pager']}"},
        "kind": {"url": f"dbus://{marks['token']}"},
        "option": {"url": f"json://127.0.0.1:{hook}/?{marks['token']}={marks['token']}"},
    }


def processes(operator: Operator) -> str:
    """Read command line and environment of the operator and of what it started, while that sends."""
    parent = psutil.Process(operator.pid)
    wait_until(lambda: parent.children(recursive=True), for_="a process that sends", timeout=30)
    found = [parent, *parent.children(recursive=True)]
    return "\n".join(f"{Path(f'/proc/{p.pid}/cmdline').read_bytes()!r} {p.environ()}" for p in found)


def command(cluster: Kubectl, *words: str, **environment: str) -> str:
    """Run a verb in this process, as a person would, with a log of its own."""
    known = {"KUBECONFIG": str(cluster.cluster.kubeconfig), "HOME": "/nowhere"}
    done = CliRunner().invoke(main, list(words), env=known | environment)
    return done.output + repr(done.exception)


def everything(operator: Operator, kubectl: Kubectl, url: str, wrong: dict[str, dict[str, str]]) -> dict[str, str]:
    """Collect all that may be read."""
    page = urllib.request.urlopen(f"http://127.0.0.1:{operator.port}/metrics", timeout=10).read().decode()
    with psycopg.connect(url) as link:
        rows = link.execute("SELECT a::text FROM modelward.audit AS a").fetchall()
    shown = ("mdl,deployments,events,events.events.k8s.io", "--show-managed-fields")
    names = ("-n", kubectl.namespace or "")
    verbs = {verb: command(kubectl, verb, "house-prices", *names) for verb in ("status", "explain")}
    checks = {f"db check {name}": command(kubectl, "db", "check", DATABASE_URL=s["uri"]) for name, s in wrong.items()}
    return {
        "log": operator.log(),
        "objects": kubectl.run("get", *shown, "--output=json"),
        "table": kubectl.run("get", "mdl,events", "--output=wide"),
        "description": kubectl.run("describe", "mdl"),
        "metrics": page,
        "audit": str(rows),
        "db check": command(kubectl, "db", "check", DATABASE_URL=url),
        **verbs,
        **checks,
    }


@pytest.mark.timeout(300)  # one receiver never answers, and is waited for
def test_no_mark_of_a_secret_is_found_in_anything_that_a_run_leaves(
    operator: Operator, kubectl: Kubectl, database_url: str, tmp_path: Path, marks: dict[str, str], silent: int
):
    url = log_in(database_url, marks["login"])
    model, wrong = Model(kubectl, database_url), broken(url, marks)
    with ExitStack() as stack:
        mailbox = stack.enter_context(a_mail_server(*make_certificate(tmp_path)))
        hook = stack.enter_context(a_web_server())
        addresses = receivers(hook.port, mailbox.port, silent, marks)
        for name, keys in {
            **addresses,
            **{f"db-{n}": keys for n, keys in wrong.items()},
            "modelward-db": {"uri": url},
        }.items():
            give(kubectl, name, **keys)
        alerts: list[Json] = [{"name": name, "secretRef": {"name": name}} for name in addresses]
        for name in wrong:
            model.deploy(A)
            kubectl.apply(resource(f"x-{name}", secret=f"db-{name}", targetRef={"name": f"x-{name}"}))
            kubectl.apply({**model.target(), "metadata": {"name": f"x-{name}"}, "status": {}})
        model.predict(A)
        model.watch(alerts=alerts)
        model.until_verdict("InsufficientData", A)
        model.predict(B, WORSE)
        model.deploy(B)
        model.until_rolled_back(A)
        seen = {"processes": processes(operator)}
        wait_until(lambda: mailbox.mails and len(hook.posts) > 1, for_="what is told", timeout=150)
        seen |= {"mails": str(mailbox.mails[0]), "bodies": str([body for _, _, body in hook.posts])}
        for name in wrong:
            Model(kubectl, database_url, f"x-{name}").until_verdict("SourceError")
        seen |= everything(operator, kubectl, url, wrong)
    assert marks["token"] in str(hook.posts), "the marks do go where they belong"
    assert all(len(text) > 20 for text in seen.values()), seen
    assert json.dumps({where: [m for m in marks.values() if m in text] for where, text in seen.items()}) == json.dumps(
        {where: [] for where in seen}
    )
