"""Which addresses are taken out of a Secret, and what is said of the others, never with a value."""

import pytest

from modelward.domain.errors import AlertError
from modelward.domain.reasons import Reason
from modelward.tell.address import read_address

MAIL = "mailtos://user:c4n4ry@smtp.example.com?from=a@example.com&to=b@example.com"
GOOD = {
    "a mail": MAIL,
    "a mail with everything that may be said": f"{MAIL}&cc=c@d.com&name=ward&mode=ssl&verify=no&reply=d@d.com",
    "Slack": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#ml",
    "Teams": "workflows://prod.westus.logic.azure.com:443/643e69f83c8944/signature?route=x",
    "PagerDuty": "pagerduty://A1BRTD4JD@TIiajkdnlazkcOXrIdevi7FQ?region=eu",
    "Mattermost": "mmosts://chat.example.com/3ccdd113474722377935511fc85d3dd4?channel=ml",
    "plain JSON with a header": "jsons://example.com/in?+X-Token=abc",
    "Alertmanager": "alertmanager://alertmanager.monitoring:9093",
}
BAD: dict[str, tuple[dict[str, str], Reason]] = {
    "no key": ({"uri": "c4n4ry"}, Reason.SECRET_INCOMPLETE),
    "nothing": ({"url": "  "}, Reason.SECRET_INCOMPLETE),
    "a webhook that nobody signs": ({"url": "https://c4n4ry.example.com/in"}, Reason.SECRET_INCOMPLETE),
    "no URL": ({"url": "c4n4ry"}, Reason.ALERT_ADDRESS_INVALID),
    "no host": ({"url": "mailto:c4n4ry@example.com"}, Reason.ALERT_ADDRESS_INVALID),
    "a broken host": ({"url": "https://[c4n4ry/in"}, Reason.ALERT_ADDRESS_INVALID),
    "a port that is none": ({"url": "https://example.com:c4n4ry/"}, Reason.ALERT_ADDRESS_INVALID),
    "a line break": ({"url": "jsons://example.com/a\nc4n4ry"}, Reason.ALERT_ADDRESS_INVALID),
    **{
        f"a local {scheme}": ({"url": f"{scheme}://c4n4ry/x"}, Reason.ALERT_ADDRESS_INVALID)
        for scheme in ("file", "exec", "dbus", "syslog", "windows", "macosx", "gnome", "smpp", "mqtt", "rsyslog")
    },
}
REFUSED = [
    "pgppub=/etc/passwd",
    "PGPPRV=/etc/passwd",
    "a=b;pgppub=/etc/passwd",
    "%20pgppub=/etc/passwd",
    "+pgppub=/etc/passwd",
    "template=/etc/passwd",
    "attach=file:///etc/passwd",
    "redirect=yes",
    "wkd=yes",
    "to=x#frag?pgppub=/etc/passwd",
]


@pytest.mark.parametrize("url", GOOD.values(), ids=GOOD)
def test_an_address_is_taken(url: str):
    assert read_address("ops", "url", {"url": f" {url}\n"}).url == url


def test_a_webhook_is_taken_with_its_key():
    address = read_address("ops", "hook", {"hook": "https://example.com/in?a=b", "signing-key": "k\n"})
    assert address.signing_key == "k"
    assert "example.com" not in repr(address)


@pytest.mark.parametrize(("values", "reason"), BAD.values(), ids=BAD)
def test_an_address_is_refused(values: dict[str, str], reason: Reason):
    with pytest.raises(AlertError) as caught:
        read_address("ops-mail", "url", values)
    assert caught.value.reason is reason
    assert "ops-mail" in str(caught.value)
    assert "c4n4ry" not in str(caught.value)


@pytest.mark.parametrize("option", REFUSED)
@pytest.mark.parametrize("scheme", ["mailto", "slack", "workflows"])
def test_no_option_reaches_a_file_or_a_redirect(scheme: str, option: str):
    with pytest.raises(AlertError, match="not allowed") as caught:
        read_address("ops", "url", {"url": f"{scheme}://user:pass@example.com/a/b?{option}"})
    assert "passwd" not in str(caught.value)
