"""`python -m audit`: known weaknesses of what is pinned, and secrets that were committed; 1 where something is found.

Weaknesses are asked for at the package index, then at osv.dev, with pip-audit. Where neither knows (a mirror without
advisories, no network) that is said aloud, and is an error only with AUDIT=strict, as in the release's workflow.
"""

import os
import sys
from pathlib import Path

from audit.packages import SERVICES, Weakness, ask, knows
from audit.secrets import find_secrets

ROOT = Path(__file__).parent.parent.parent
LOCKS = ("dev.txt", "uv.txt", "go.txt")  # dev.txt holds what operator.txt and demo.txt hold, and more


def main() -> int:
    """Look for both, and say what was found and what could not be looked at."""
    secrets = find_secrets(ROOT)
    for secret in secrets:
        _say(f"{secret}: looks like a secret; where it is an example, add it to EXAMPLES in hack/audit/secrets.py")
    weaknesses, looked = _find_weaknesses()
    for weakness in weaknesses:
        _say(f"{weakness.package} {weakness.version} has {weakness.id}; mended in {weakness.mended or 'no release'}")
    strict = os.environ.get("AUDIT") == "strict"
    return 1 if secrets or weaknesses or (strict and not looked) else 0


def _find_weaknesses() -> tuple[list[Weakness], bool]:
    """List what is known of the pinned packages, and whether all of them could be looked up."""
    probe, locks = ROOT / "requirements" / "uv.txt", [ROOT / "requirements" / name for name in LOCKS]
    service = next((s for s in SERVICES if knows(s, probe)), None)
    if service is None:
        where = " nor ".join(SERVICES)
        _say(f"NOT AUDITED: neither {where} can tell of known weaknesses from here; no dependency was looked up")
        return [], False
    found = ask(service, locks)
    if found.unknown:
        _say(f"NOT AUDITED: {', '.join(found.unknown)}: {service} does not know them")
    return found.weaknesses, not found.unknown


def _say(text: str) -> None:
    print(f"audit: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
