"""Whom to tell, as the resource says it, and what is said of what cannot be meant."""

from typing import Any

import pytest

from builders import a_spec
from modelward.domain.alerts import ORDINARY, AlertOn, AlertSpec
from modelward.domain.errors import InvalidSpecError

OPS: dict[str, Any] = {"name": "ops", "secretRef": {"name": "ops-mail"}}


def test_what_is_left_out_is_filled_in():
    assert a_spec(alerts=[OPS]).alerts == (AlertSpec("ops", "ops-mail", "url", ORDINARY),)
    assert a_spec().alerts == ()


def test_what_is_said_counts():
    raw = {"name": "ops", "secretRef": {"name": "s", "key": "mail"}, "reasons": ["Recovered"]}
    assert a_spec(alerts=[raw]).alerts == (AlertSpec("ops", "s", "mail", (AlertOn.RECOVERED,)),)


BAD: dict[str, tuple[list[dict[str, Any]], str]] = {
    "no name": ([{"secretRef": {"name": "s"}}], "every entry needs a name"),
    "no Secret": ([{"name": "ops"}], r"alerts\[ops\].secretRef.name: is required"),
    "an unknown reason": ([{**OPS, "reasons": ["Sunny"]}], r"alerts\[ops\].reasons: .*known: RolledBack"),
    "two of one name": ([OPS, OPS], "alerts: two are called ops"),
}


@pytest.mark.parametrize(("raw", "message"), BAD.values(), ids=BAD)
def test_nonsense_is_refused(raw: list[dict[str, Any]], message: str):
    with pytest.raises(InvalidSpecError, match=message):
        a_spec(alerts=raw)
