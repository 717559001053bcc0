"""Addresses that nothing of a tenant's may make the operator dial: this machine, its link, cloud metadata, itself.

Judged is the address that is about to be dialled, never a name: whatever way it was written in, and whatever a name
resolves to, it comes down to this.
"""

import ipaddress
from collections.abc import Iterable

IP = ipaddress.IPv4Address | ipaddress.IPv6Address
Networks = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]
Sockets = frozenset[tuple[str, int]]
METADATA = frozenset(
    map(
        ipaddress.ip_address,
        ("169.254.169.254", "fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "168.63.129.16", "192.0.0.192"),
    )
)
TRANSLATED = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "::ffff:0:0:0/96")))
LAST_32 = 0xFFFFFFFF


def parse_networks(texts: Iterable[str]) -> Networks:
    """Read networks such as 127.0.0.0/8; ValueError says which one is none."""
    return tuple(ipaddress.ip_network(text) for text in texts)


def parse_address(host: str) -> IP | None:
    """Read an address, a carried one unwrapped; None where it is none."""
    try:
        return unwrap(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        return None


def is_of_this_place(address: IP) -> bool:
    """Whether it leads to this machine, or to nobody in particular."""
    return address.is_loopback or address.is_unspecified or address.is_multicast or address.is_reserved


def is_of_the_link(address: IP) -> bool:
    """Whether it leads to the machine's own link, where clouds keep their metadata and passwords."""
    return address.is_link_local or address in METADATA


def unwrap(address: IP) -> IP:
    """Return the IPv4 address that an IPv6 one carries, if it does."""
    if not isinstance(address, ipaddress.IPv6Address):
        return address
    carried = address.ipv4_mapped or address.sixtofour
    if carried is None and any(address in network for network in TRANSLATED):
        carried = ipaddress.IPv4Address(int(address) & LAST_32)
    return carried or address
