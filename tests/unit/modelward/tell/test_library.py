"""What the library makes of our addresses, and what is said when it fails: numbers and words, never its lines."""

import subprocess
import sys

import pytest

from modelward.domain.errors import AlertError
from modelward.domain.messages import Address, Errand, Message
from modelward.tell.library import _make_service, explain

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr':DeprecationWarning")  # the library's own affair
MESSAGE = Message("1d", "RolledBack", "subject", "text", {})
SERVICES = {
    "mailto://u:p@smtp.example.com?from=a@example.com&to=b@example.com": "NotifyEmail",
    "mailtos://u:p@smtp.example.com?mode=ssl&from=a@example.com&to=b@example.com": "NotifyEmail",
    "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#ml": "NotifySlack",
    "workflows://prod.westus.logic.azure.com:443/643e69f83c8944/signature1234567/": "NotifyWorkflows",
    "pagerduty://A1BRTD4JD@TIiajkdnlazkcOXrIdevi7FQ": "NotifyPagerDuty",
    "opsgenie://a1234567-1234-1234-1234-123456789012": "NotifyOpsgenie",
    "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js": "NotifyDiscord",
    "mmosts://chat.example.com/3ccdd113474722377935511fc85d3dd4": "NotifyMattermost",
    "jsons://example.com/in": "NotifyJSON",
}
LINES = {
    "Failed to send JSON POST notification: Forbidden., error=403.": "the receiver answered 403",
    "Socket Exception: (535, b'5.7.8 c4n4ry')": "the mail server answered 535",
    "Socket Exception: [SSL: CERTIFICATE_VERIFY_FAILED] c4n4ry": "the receiver's certificate does not hold",
    "Socket Exception: timed out": "the receiver did not answer in time",
    "Connection refused by c4n4ry": "the connection was refused",
    "Failed to resolve 'c4n4ry'": "the receiver's name cannot be resolved",
    "STARTTLS extension not supported by server.": "the mail server does not offer STARTTLS",
    "c4n4ry": "the receiver did not take it",
}


@pytest.mark.parametrize(("url", "kind"), SERVICES.items(), ids=SERVICES.values())
def test_every_kind_that_is_allowed_is_one_of_the_library(url: str, kind: str):
    service = _make_service(Errand(Address(url), MESSAGE))
    assert type(service).__name__ == kind
    assert service.redirects is False


def test_a_page_is_known_by_its_id():
    service = _make_service(Errand(Address("pagerduty://A1BRTD4JD@TIiajkdnlazkcOXrIdevi7FQ"), MESSAGE))
    assert service.dedup == "1d"


@pytest.mark.parametrize("scheme", ["mailto", "mailtos"])
def test_mail_asks_for_starttls_where_nothing_is_said(scheme: str):
    url = f"{scheme}://u:p%2B%26@smtp.example.com?from=a@example.com&to=b%2Bc@example.com"
    service = _make_service(Errand(Address(url), MESSAGE))
    assert (service.secure_mode, service.password) == ("starttls", "p+&")
    assert service.targets == [(False, "b+c@example.com")]


@pytest.mark.parametrize("url", ["slack://c4n4ry", "pagerduty://c4n4ry", "discord://c4n4ry"])
def test_an_address_that_is_not_complete_is_refused_without_it(url: str):
    with pytest.raises(AlertError, match="not complete") as caught:
        _make_service(Errand(Address(url), MESSAGE))
    assert "c4n4ry" not in str(caught.value)


@pytest.mark.parametrize(("line", "said"), LINES.items())
def test_why_it_failed(line: str, said: str):
    assert explain([line]) == said


def test_the_operator_itself_never_imports_the_library_that_sends():
    look = "import sys; sys.modules['kubernetes'] = None; import modelward.run; print('apprise' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
