"""The adapter of the Courier port: one process for all that is to be sent now, ended when it takes too long."""

import asyncio
import contextlib
import dataclasses
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modelward.domain.errors import AlertError
from modelward.domain.messages import Errand
from modelward.domain.reasons import Reason

DEADLINE = 60.0
LENT = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "PYTHONPATH")
"""What of the environment the process gets: certificates to trust, no proxy, and none of our settings."""


@dataclass(frozen=True, slots=True)
class ProcessCourier:
    """Sends by way of `python -m modelward.tell`."""

    networks: tuple[str, ...] = ()
    """Networks allowed although they are this machine's or its link's."""
    api_server: str = ""
    deadline: float = DEADLINE
    environment: Mapping[str, str] = dataclasses.field(default_factory=lambda: os.environ)

    async def deliver(self, errands: Sequence[Errand]) -> list[AlertError | None]:
        """Send all; None for each that was taken, else why not."""
        results: dict[int, AlertError | None] = {}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "modelward.tell",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={name: self.environment[name] for name in LENT if name in self.environment},
        )
        try:
            async with asyncio.timeout(self.deadline):
                await self._talk(process, self._orders(errands), results)
            silent = AlertError(Reason.ALERT_FAILED, f"the sending process ended with {process.returncode}")
        except TimeoutError:
            silent = AlertError(Reason.ALERT_FAILED, "the receiver did not answer in time")
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        return [results.get(number, silent) for number in range(len(errands))]

    async def _talk(
        self, process: asyncio.subprocess.Process, orders: bytes, results: dict[int, AlertError | None]
    ) -> None:
        if process.stdin is None or process.stdout is None:
            raise ValueError("the process was started with pipes")
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            process.stdin.write(orders)
            await process.stdin.drain()
        process.stdin.close()
        async for line in process.stdout:
            said = json.loads(line)
            known = "error" in said
            results[said["number"]] = AlertError(Reason.of(said["reason"]), said["error"]) if known else None
        await process.wait()

    def _orders(self, errands: Sequence[Errand]) -> bytes:
        body: dict[str, Any] = {
            "networks": list(self.networks),
            "apiServer": self.api_server,
            "errands": [
                {"url": e.address.url, "signingKey": e.address.signing_key, "message": dataclasses.asdict(e.message)}
                for e in errands
            ],
        }
        return json.dumps(body).encode()
