"""The process that carries messages: started when something is to be sent, gone when it is sent.

It reads its orders from standard input, so that no address stands in a list of processes or in an environment, and
answers with one line of JSON for each errand as it ends. Libraries that are large or talkative live and die in here.
"""

import json
import logging
import ssl
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from modelward.domain.addresses import parse_networks
from modelward.domain.errors import AlertError
from modelward.domain.messages import Address, Errand, Message
from modelward.domain.reasons import Reason
from modelward.tell.fence import Fence, find_addresses
from modelward.tell.post import send_alertmanager, send_webhook, utc_now

AT_ONCE = 8
ANSWERING = threading.Lock()
OWN: dict[str, Callable[[Errand], None]] = {
    "http": lambda errand: send_webhook(errand, utc_now()),
    "https": lambda errand: send_webhook(errand, utc_now()),
    "alertmanager": lambda errand: send_alertmanager(errand, utc_now()),
    "alertmanagers": lambda errand: send_alertmanager(errand, utc_now()),
}


def main() -> None:
    """Carry all errands: several receivers at a time, and each hears of things in the order in which they happened."""
    logging.disable(logging.NOTSET)
    orders: dict[str, Any] = json.load(sys.stdin)
    fence = Fence(parse_networks(orders["networks"]), find_addresses(orders["apiServer"]))
    errands = [_errand(raw) for raw in orders["errands"]]
    if any(urlsplit(errand.address.url).scheme not in OWN for errand in errands):
        _library()  # imported before the fence stands: it looks around a little
    fence.put_up()
    rounds: dict[str, list[int]] = {}
    for number, errand in enumerate(errands):
        rounds.setdefault(errand.address.url, []).append(number)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for ended in as_completed([pool.submit(_go_round, errands, numbers, fence) for numbers in rounds.values()]):
            ended.result()


def _go_round(errands: Sequence[Errand], numbers: Sequence[int], fence: Fence) -> None:
    for number in numbers:
        said = json.dumps({"number": number, **_carry(errands[number], fence)})
        with ANSWERING:
            print(said, flush=True)  # noqa: T201  it is the answer


def _carry(errand: Errand, fence: Fence) -> dict[str, str]:
    """Send one message; return nothing where it was taken, else why not."""
    fence.said.refused = False
    try:
        scheme = urlsplit(errand.address.url).scheme
        (OWN.get(scheme) or _library())(errand)
    except AlertError as error:
        return _refusal() if fence.said.refused else {"reason": error.reason, "error": str(error)}
    except Exception as error:  # noqa: BLE001  whatever a library raises, its text may hold the address: only its kind is told
        return _refusal() if fence.said.refused else {"reason": Reason.ALERT_FAILED, "error": _name(error)}
    return {}


def _refusal() -> dict[str, str]:
    message = "the address leads to this machine, its link, cloud metadata or the API server: not allowed"
    return {"reason": Reason.ALERT_ADDRESS_INVALID, "error": message}


def _name(error: Exception) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return "the receiver's certificate does not hold"
        case TimeoutError():
            return "the receiver did not answer in time"
        case ConnectionRefusedError():
            return "the connection was refused"
        case _:
            return f"no connection to the receiver ({type(error).__name__})"


@cache
def _library() -> Callable[[Errand], None]:
    from modelward.tell.library import send_by_library, set_up  # noqa: PLC0415  large: only where it is needed

    set_up()
    return send_by_library


def _errand(raw: dict[str, Any]) -> Errand:
    return Errand(Address(raw["url"], raw["signingKey"]), Message(**raw["message"]))


if __name__ == "__main__":
    main()
