"""Which hosts of a Secret are not dialled, in every way of writing them, and what libpq is given in their place."""

import pytest

from modelward.database.fence import Fence
from modelward.domain.addresses import parse_networks
from modelward.domain.errors import SourceError
from modelward.domain.reasons import Reason

LOCAL = parse_networks(["127.0.0.0/8", "::1/128"])
API = frozenset({("10.96.0.1", 443)})


def of(**said: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(said.items()))


NOWHERE = {
    "this machine": of(host="127.0.0.1"),
    "this machine by another of its addresses": of(host="127.8.9.10"),
    "this machine by name": of(host="localhost"),
    "this machine as one number": of(host="2130706433"),
    "this machine in octal": of(host="0177.0.0.1"),
    "this machine in hexadecimal": of(host="0x7f.0.0.1"),
    "this machine in short": of(host="127.1"),
    "this machine in IPv6": of(host="::1"),
    "this machine, carried by IPv6": of(host="::ffff:127.0.0.1"),
    "this machine, carried by 6to4": of(host="2002:7f00:1::"),
    "nobody in particular": of(host="0.0.0.0"),
    "cloud metadata": of(host="169.254.169.254"),
    "cloud metadata as one number": of(host="2852039166"),
    "cloud metadata, carried by IPv6": of(host="::ffff:169.254.169.254"),
    "cloud metadata of another cloud": of(host="fd00:ec2::254"),
    "the link": of(host="fe80::1"),
    "the API server": of(host="10.96.0.1", port="443"),
    "the API server, carried by IPv6": of(host="::ffff:10.96.0.1", port="443"),
    "a good name with a bad address": of(host="db.example.com", hostaddr="127.0.0.1"),
    "a good name with a bad address as one number": of(host="db.example.com", hostaddr="2130706433"),
    "one of several": of(host="192.0.2.7,169.254.169.254", port="5432"),
    "one of several addresses": of(host="a,b", hostaddr="192.0.2.7,127.0.0.1"),
    "one of several ports": of(host="192.0.2.7,10.96.0.1", port="5432,443"),
    "a socket in a folder": of(host="/var/run/postgresql"),
    "a socket without a file": of(host="@postgresql"),
    "a socket among hosts": of(host="192.0.2.7,/tmp"),
    "the default, which is a socket": of(host=""),
    "a default among hosts": of(host="192.0.2.7,"),
    "an address that is none": of(hostaddr="db.example.com"),
}


@pytest.mark.parametrize("said", NOWHERE.values(), ids=NOWHERE)
async def test_nothing_is_dialled_that_is(said: tuple[tuple[str, str], ...]):
    with pytest.raises(SourceError) as caught:
        await Fence(api_server=API).resolve(said)
    expected = Reason.DATABASE_UNREACHABLE if dict(said).get("hostaddr") == "db.example.com" else None
    assert caught.value.reason is (expected or Reason.DATABASE_NOT_ALLOWED)
    assert all(value not in str(caught.value) for value in dict(said).values() if len(value) > 4)


LINK = ["169.254.169.254", "169.254.1.1", "fe80::1", "::ffff:169.254.1.1"]


@pytest.mark.parametrize("host", LINK)
async def test_the_link_is_refused_even_where_everything_is_allowed(host: str):
    with pytest.raises(SourceError):
        await Fence(parse_networks(["0.0.0.0/0", "::/0"])).resolve(of(host=host))


async def test_a_proxy_beside_the_operator_is_dialled_where_its_network_is_allowed():
    assert dict(await Fence(LOCAL).resolve(of(host="2130706433", port="6432")))["hostaddr"] == "127.0.0.1"


async def test_the_api_server_is_not_even_then():
    with pytest.raises(SourceError):
        await Fence(LOCAL, frozenset({("127.0.0.1", 6443)})).resolve(of(host="127.0.0.1", port="6443"))


async def test_what_was_looked_at_is_what_is_dialled():
    said = of(host="192.0.2.7,2001:db8::7", port="5433", user="u", sslmode="verify-full")
    assert dict(await Fence().resolve(said)) == {
        "host": "192.0.2.7,2001:db8::7",
        "hostaddr": "192.0.2.7,2001:db8::7",
        "port": "5433,5433",
        "user": "u",
        "sslmode": "verify-full",
        "passfile": "/nonexistent",
    }


async def test_a_name_keeps_its_address_for_the_certificate():
    found = dict(await Fence(LOCAL).resolve(of(host="localhost", hostaddr="127.0.0.1")))
    assert (found["host"], found["hostaddr"]) == ("localhost", "127.0.0.1")


ODD = {
    "a port that is no number": of(host="192.0.2.7", port="c4n4ry"),
    "a port beyond all ports": of(host="192.0.2.7", port="65536"),
    "ports for other hosts": of(host="192.0.2.7", port="1,2"),
    "addresses for other hosts": of(host="a,b", hostaddr="192.0.2.7"),
}


@pytest.mark.parametrize("said", ODD.values(), ids=ODD)
async def test_a_secret_is_told_what_is_wrong_with(said: tuple[tuple[str, str], ...]):
    with pytest.raises(SourceError) as caught:
        await Fence().resolve(said)
    assert caught.value.reason is Reason.SECRET_INCOMPLETE
    assert "c4n4ry" not in str(caught.value)
