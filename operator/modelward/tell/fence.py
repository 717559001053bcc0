"""Where a message may never go: this machine, its link, the cloud's metadata, the API server.

Python asks the audit hook before every connection of any library, with the very address that is about to be dialled:
a name that resolves to something else the second time gains nothing. Private networks are allowed, since receivers
inside a cluster have such addresses. Only the process that sends is fenced; a fence cannot be taken down again.
"""

import ipaddress
import socket
import sys
import threading
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from modelward.domain.addresses import Networks, Sockets, is_of_the_link, is_of_this_place, parse_address, unwrap

PROCESSES = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty")


class FenceError(OSError):
    """The address is one that alerts may not be sent to."""


@dataclass(slots=True)
class Fence:
    """What is refused; `networks` are allowed all the same, except for the API server."""

    networks: Networks = ()
    api_server: Sockets = frozenset()
    said: threading.local = field(default_factory=threading.local)
    """Whether something was refused in this thread: the libraries keep the reason to themselves."""

    def put_up(self) -> None:
        """Stand before every connection and every new process of this process from now on."""
        sys.addaudithook(self._look)

    def refuses(self, host: str, port: int) -> bool:
        """Whether an address may not be dialled."""
        address = parse_address(host)
        if address is None or (str(address), port) in self.api_server:
            return True
        if any(address in network for network in self.networks):
            return False
        return is_of_this_place(address) or is_of_the_link(address)

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


def find_addresses(server: str) -> Sockets:
    """Resolve the API server's address; one that cannot be resolved here cannot be dialled here either."""
    if not server:
        return frozenset()
    parts = urlsplit(server)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except OSError:
        return frozenset()
    return frozenset((str(unwrap(ipaddress.ip_address(entry[4][0]))), port) for entry in found)
