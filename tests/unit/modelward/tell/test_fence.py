"""Which addresses a message may not go to, in every way of writing them."""

import pytest

from modelward.domain.addresses import parse_networks
from modelward.tell.fence import Fence, find_addresses

REFUSED = [
    "127.0.0.1",
    "127.8.9.10",
    "::1",
    "::ffff:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::7f00:1",
    "2002:7f00:1::",
    "::ffff:0:7f00:1",
    "::7f00:1",
    "0.0.0.0",
    "::",
    "169.254.169.254",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "fe80::1%eth0",
    "fd00:ec2::254",
    "fd20:ce::254",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "224.0.0.1",
    "240.0.0.1",
    "not an address",
]
ALLOWED = ["10.0.0.1", "172.16.3.4", "192.168.1.1", "203.0.114.7", "8.8.8.8", "fd12:3456::1", "2001:4860:4860::8888"]


@pytest.mark.parametrize("host", REFUSED)
def test_refused(host: str):
    assert Fence().refuses(host, 443)


@pytest.mark.parametrize("host", ALLOWED)
def test_allowed(host: str):
    assert not Fence().refuses(host, 443)


def test_a_network_can_be_allowed_and_the_api_server_not():
    fence = Fence(parse_networks(["127.0.0.0/8"]), frozenset({("127.0.0.1", 6443)}))
    assert not fence.refuses("127.0.0.1", 25)
    assert not fence.refuses("::ffff:127.0.0.1", 25)
    assert fence.refuses("127.0.0.1", 6443)
    assert fence.refuses("::ffff:127.0.0.1", 6443)
    assert fence.refuses("169.254.1.1", 25)


@pytest.mark.parametrize(
    ("server", "port"), [("https://127.0.0.1", 443), ("http://127.0.0.1", 80), ("https://127.0.0.1:6443", 6443)]
)
def test_the_api_server_is_known_by_address_and_port(server: str, port: int):
    assert find_addresses(server) == frozenset({("127.0.0.1", port)})
