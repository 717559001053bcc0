"""Where a database may not stand, whatever a Secret says: on this machine or its link, or in the API server's place.

Names are resolved here, and the very addresses that were looked at are what libpq dials: a name that resolves to
something else the second time gains nothing. Only the operator is fenced; people at their desks dial what they like.
"""

import asyncio
import socket
from collections.abc import Iterator
from dataclasses import dataclass

from modelward.domain.addresses import Networks, Sockets, is_of_the_link, is_of_this_place, parse_address
from modelward.domain.errors import SourceError
from modelward.domain.questions import Parameters
from modelward.domain.reasons import Reason

PORT = "5432"
NO_FILE = "/nonexistent"
"""In the place of ~/.pgpass: no password of the operator's own goes to a host that a Secret names."""


@dataclass(frozen=True, slots=True)
class Fence:
    """What is refused; `networks` are allowed although they are this machine's. The link's never are."""

    networks: Networks = ()
    api_server: Sockets = frozenset()

    async def resolve(self, parameters: Parameters) -> Parameters:
        """Put the address beside every host; SourceError where one may not be dialled, or none is found."""
        said = dict(parameters)
        found: list[tuple[str, str, str]] = []
        for host, address, port in _split(said):
            try:
                found += [(host, dialled, port) for dialled in await self._look_up(host, address, port)]
            except socket.gaierror:  # another of them may do
                continue
        if not found:
            raise SourceError(Reason.DATABASE_UNREACHABLE, "the host's name cannot be resolved")
        names = ("host", "hostaddr", "port")
        lists = {name: ",".join(parts) for name, parts in zip(names, zip(*found, strict=True), strict=True)}
        return tuple(sorted({**said, **lists, "passfile": NO_FILE}.items()))

    def refuses(self, host: str, port: int) -> bool:
        """Whether an address may not be dialled."""
        address = parse_address(host)
        if address is None or (str(address), port) in self.api_server or is_of_the_link(address):
            return True
        return is_of_this_place(address) and not any(address in network for network in self.networks)

    async def _look_up(self, host: str, address: str, port: str) -> list[str]:
        if not address and (not host or host[0] in "/@"):
            raise SourceError(Reason.DATABASE_NOT_ALLOWED, "a socket in a file is not allowed: name a host")
        if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise SourceError(Reason.SECRET_INCOMPLETE, "the port in the Secret is not a number from 1 to 65535")
        flags = socket.AI_NUMERICHOST if address else 0
        loop = asyncio.get_running_loop()
        entries = await loop.getaddrinfo(address or host, int(port), type=socket.SOCK_STREAM, flags=flags)
        dialled = list(dict.fromkeys(str(entry[4][0]) for entry in entries))
        if any(self.refuses(each, int(port)) for each in dialled):
            raise SourceError(Reason.DATABASE_NOT_ALLOWED, NOT_ALLOWED)
        return dialled


NOT_ALLOWED = (
    "the host is this machine, its link, cloud metadata or the API server: not allowed; "
    "databases.networks of the chart allows a proxy beside the operator"
)


def _split(said: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    """Pair the lists of libpq: as many hosts as addresses and ports, or one port for all."""
    hosts, addresses, ports = (said.get(name, "").split(",") for name in ("host", "hostaddr", "port"))
    count = max(len(hosts), len(addresses))
    lists = [each * count if len(each) == 1 and not each[0] else each for each in (hosts, addresses)]
    ports = ports * count if len(ports) == 1 else ports
    if {len(each) for each in (*lists, ports)} != {count}:
        raise SourceError(Reason.SECRET_INCOMPLETE, "host, hostaddr and port of the Secret are lists of unlike lengths")
    for host, address, port in zip(*lists, ports, strict=True):
        yield host.strip(), address.strip(), port.strip() or PORT
