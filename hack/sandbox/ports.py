"""Free ports on loopback."""

import contextlib
import socket


def free_ports(count: int) -> list[int]:
    """Find ports that nobody listens on; all are held until the last is found, so that they differ."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
