"""Where a message may never go: this machine, its link, the cloud's metadata, the API server.

Python asks the audit hook before every connection of any library, with the very address that is about to be dialled:
a name that resolves to something else the second time gains nothing. Private networks are allowed, since receivers
inside a cluster have such addresses. Only the process that sends is fenced; a fence cannot be taken down again.
"""

import ipaddress
import socket
import sys
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

IP = ipaddress.IPv4Address | ipaddress.IPv6Address
METADATA = frozenset(map(ipaddress.ip_address, ("169.254.169.254", "fd00:ec2::254", "100.100.100.200")))
TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
PROCESSES = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty")


class FenceError(OSError):
    """The address is one that alerts may not be sent to."""


@dataclass(slots=True)
class Fence:
    """What is refused; `networks` are allowed all the same, except for the API server."""

    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()
    api_server: frozenset[tuple[str, int]] = frozenset()
    said: threading.local = field(default_factory=threading.local)
    """Whether something was refused in this thread: the libraries keep the reason to themselves."""

    def put_up(self) -> None:
        """Stand before every connection and every new process of this process from now on."""
        sys.addaudithook(self._look)

    def refuses(self, host: str, port: int) -> bool:
        """Whether an address may not be dialled."""
        try:
            address = _plain(ipaddress.ip_address(host.partition("%")[0]))
        except ValueError:
            return True
        if (str(address), port) in self.api_server:
            return True
        if any(address in network for network in self.networks):
            return False
        odd = address.is_unspecified or address.is_multicast or address.is_reserved
        return odd or address.is_loopback or address.is_link_local or address in METADATA

    def _look(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in PROCESSES:
            raise FenceError("no process is started from here")
        if event != "socket.connect":
            return
        where = arguments[1]
        internet = arguments[0].family in {socket.AF_INET, socket.AF_INET6}
        if not internet or self.refuses(str(where[0]), int(where[1])):
            self.said.refused = True
            raise FenceError("this address is one that alerts may not be sent to")


def find_addresses(server: str) -> frozenset[tuple[str, int]]:
    """Resolve the API server's address; one that cannot be resolved here cannot be dialled here either."""
    if not server:
        return frozenset()
    parts = urlsplit(server)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except OSError:
        return frozenset()
    return frozenset((str(_plain(ipaddress.ip_address(entry[4][0]))), port) for entry in found)


def parse_networks(texts: Iterable[str]) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    """Read networks such as 127.0.0.0/8; ValueError says which one is none."""
    return tuple(ipaddress.ip_network(text) for text in texts)


def _plain(address: IP) -> IP:
    """Unwrap an IPv4 address that an IPv6 one carries."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in TRANSLATED:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address
