"""The courier with real receivers: mail that arrives, webhooks that are signed, and places where nothing may go."""

import hashlib
import hmac
import json
import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from builders import NOW, A, B
from modelward.domain.letters import Evidence, Figure, Letter, Step
from modelward.domain.messages import About, Address, Errand, Message
from modelward.tell.compose import compose
from modelward.tell.courier import ProcessCourier
from receivers import Hook, Mailbox, mail_url

FIGURES = (Figure("r2", "0.930", "0.850", "-8.6", "5", breached=True), Figure("rmse", "3480", "4200", "+20.7", "5"))
LOCAL = ("127.0.0.0/8",)


def a_message(reason: str = "RolledBack") -> Message:
    letter = Letter("0123456789abcdef", "e", Step.PATCHED, reason, NOW, "R2 fell", "modelward", B, A)
    return compose(
        Letter(*(getattr(letter, name) for name in list(letter.__slots__)[:11]), Evidence(FIGURES, 1204)),
        About("ml", "house-prices", "house-prices"),
    )


@pytest.fixture
def courier(certificate: tuple[Path, Path]) -> ProcessCourier:
    return ProcessCourier(LOCAL, environment={**os.environ, "SSL_CERT_FILE": str(certificate[0])})


async def send(courier: ProcessCourier, *urls: str, key: str = "", reason: str = "RolledBack") -> list[str]:
    """Send one message to each address; return what went wrong, or an empty text, for each."""
    results = await courier.deliver([Errand(Address(url, key), a_message(reason)) for url in urls])
    return ["" if error is None else str(error) for error in results]


# -- mail ------------------------------------------------------------------------------------------------------------


async def test_a_mail_arrives_over_tls_with_a_login(courier: ProcessCourier, mailbox: Mailbox):
    assert await send(courier, mail_url(mailbox)) == [""]
    (mail,) = mailbox.mails
    assert mail["Subject"] == f"[modelward] ml/house-prices: rolled back {B} -> {A}"
    assert (mail["To"], mail["X-Modelward-Id"]) == ("admin@example.com", "0123456789abcdef")
    text = mail.get_content()
    assert mail.get_content_type() == "text/plain"
    assert "R2     0.930 -> 0.850 (-8.6 %, limit 5 %, BEYOND)" in text
    assert "1,204 samples" in text
    assert "kubectl describe modeldeployment house-prices -n ml" in text


async def test_a_wrong_password_is_said_without_it(courier: ProcessCourier, mailbox: Mailbox):
    (error,) = await send(courier, mail_url(mailbox, password="wr0ng-c4n4ry"))
    assert error == "the mail server answered 535"
    assert mailbox.mails == []


async def test_a_certificate_that_nobody_signed_is_refused(mailbox: Mailbox):
    assert await send(ProcessCourier(LOCAL), mail_url(mailbox)) == ["the receiver's certificate does not hold"]
    assert mailbox.mails == []


async def test_a_password_is_never_sent_in_the_clear(courier: ProcessCourier, mailbox: Mailbox):
    (error,) = await send(courier, mail_url(mailbox, more="&mode=insecure"))
    assert error == "mode=insecure would send the password in the clear"
    assert mailbox.mails == []


async def test_a_mail_server_that_does_not_take_it(courier: ProcessCourier, mailbox: Mailbox):
    mailbox.refuses = True
    assert await send(courier, mail_url(mailbox)) == ["the mail server answered 451"]


async def test_where_nobody_listens(courier: ProcessCourier):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert await send(courier, f"json://127.0.0.1:{port}/") == ["the connection was refused"]


async def test_one_mailbox_hears_of_things_in_the_order_in_which_they_happened(
    courier: ProcessCourier, mailbox: Mailbox
):
    told = [replace(a_message(), id=f"{number:016x}") for number in range(6)]
    address = Address(mail_url(mailbox), "")
    assert await courier.deliver([Errand(address, message) for message in told]) == [None] * 6
    assert [mail["X-Modelward-Id"] for mail in mailbox.mails] == [message.id for message in told]


# -- the web ---------------------------------------------------------------------------------------------------------


async def test_a_webhook_is_signed_over_its_very_bytes(courier: ProcessCourier, hook: Hook):
    assert await send(courier, f"http://127.0.0.1:{hook.port}/in?a=b", key="k3y") == [""]
    path, headers, body = hook.posts[0]
    assert path == "/in?a=b"
    assert headers["X-Modelward-Signature-256"] == f"sha256={hmac.new(b'k3y', body, hashlib.sha256).hexdigest()}"
    assert headers["X-Modelward-Id"] == "0123456789abcdef"
    facts = json.loads(body)
    assert (facts["form"], facts["reason"], facts["from"], facts["to"]) == (
        "modelward.dev/alert/v1",
        "RolledBack",
        B,
        A,
    )
    assert facts["evidence"]["samples"] == 1204
    assert facts["text"].startswith("Model:     house-prices")


async def test_plain_json_and_mattermost_take_it_through_the_library(courier: ProcessCourier, hook: Hook):
    mattermost = f"mmost://127.0.0.1:{hook.port}/3ccdd113474722377935511fc85d3dd4"
    assert await send(courier, f"json://127.0.0.1:{hook.port}/in", mattermost) == ["", ""]
    bodies = [json.loads(body) for _, _, body in sorted(hook.posts)]
    assert any(body.get("title", "").startswith("[modelward] ml/house-prices") for body in bodies)
    assert any("What to do" in body.get("text", "") for body in bodies)


@pytest.mark.parametrize("scheme", ["http", "json"])
async def test_a_redirect_is_not_followed(courier: ProcessCourier, hook: Hook, scheme: str):
    hook.status, hook.location = 307, f"http://127.0.0.1:{hook.port}/elsewhere"
    (error,) = await send(courier, f"{scheme}://127.0.0.1:{hook.port}/in?redirect=yes", key="k")
    assert "307" in error
    assert [path.partition("?")[0] for path, _, _ in hook.posts] == ["/in"]


async def test_a_receiver_that_refuses(courier: ProcessCourier, hook: Hook):
    hook.status = 403
    url = f"127.0.0.1:{hook.port}/c4n4ry"
    assert await send(courier, f"http://{url}", f"json://{url}", key="k") == ["the receiver answered 403"] * 2


async def test_one_that_hangs_is_left_and_the_others_get_theirs(certificate: tuple[Path, Path], hook: Hook):
    environment = {**os.environ, "SSL_CERT_FILE": str(certificate[0])}
    courier = ProcessCourier(LOCAL, deadline=3.0, environment=environment)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hanging = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        late, other = await send(courier, hanging, f"http://127.0.0.1:{hook.port}/in", key="k")
    assert (late, other) == ("the receiver did not answer in time", "")
    assert len(hook.posts) == 1


# -- where nothing may go --------------------------------------------------------------------------------------------

REFUSED = "the address leads to this machine, its link, cloud metadata or the API server: not allowed"
PLACES = [
    "http://127.0.0.1:{port}/",
    "http://localhost:{port}/",
    "http://[::1]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://0.0.0.0:{port}/",
    "http://169.254.169.254/latest/meta-data/",
    "http://2130706433:{port}/",
    "json://127.0.0.1:{port}/",
    "alertmanager://localhost:{port}",
    "mailto://u:p@localhost:{port}?smtp=localhost&from=a@example.com&to=b@example.com",
]


@pytest.mark.parametrize("place", PLACES)
async def test_nothing_goes_to(hook: Hook, place: str):
    assert await send(ProcessCourier(), place.format(port=hook.port), key="k") == [REFUSED]
    assert hook.posts == []


async def test_nothing_goes_to_the_api_server_even_where_local_places_are_allowed(hook: Hook):
    courier = ProcessCourier(LOCAL, api_server=f"http://localhost:{hook.port}")
    assert await send(courier, f"http://127.0.0.1:{hook.port}/api/v1/secrets", key="k") == [REFUSED]
    assert hook.posts == []
