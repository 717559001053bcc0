"""`helm test`: an operator holds the Lease and renews it, and the cluster knows what a ModelDeployment is.

Only an operator that has seen its first list is ready, and only one that lives renews the Lease. Runs in the operator's
image under the operator's account, and changes nothing.
"""

import json
import os
import ssl
import sys
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
FRESH, PATIENCE, PAUSE = 30, 60, 2


def read(path: str) -> dict:
    """Ask the API server."""
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
    token = (ACCOUNT / "token").read_text()
    request = urllib.request.Request(
        f"https://{f'[{host}]' if ':' in host else host}:{port}{path}", headers={"Authorization": f"Bearer {token}"}
    )
    trust = ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt"))
    with urllib.request.urlopen(request, timeout=10, context=trust) as answer:
        return json.load(answer)


def complaint() -> str | None:
    """Say what is wrong; None where all is well."""
    try:
        kinds = [found["kind"] for found in read("/apis/modelward.dev/v1alpha1")["resources"]]
        path = f"/apis/coordination.k8s.io/v1/namespaces/{os.environ['NAMESPACE']}/leases/{os.environ['LEASE']}"
        lease = read(path)["spec"]
    except (OSError, KeyError) as error:
        return f"the API server does not answer as it should: {error}"
    if "ModelDeployment" not in kinds:
        return "the cluster does not know ModelDeployments"
    if not lease.get("holderIdentity"):
        return "no operator holds the Lease"
    age = (datetime.now(UTC) - datetime.fromisoformat(lease["renewTime"])).total_seconds()
    if age > FRESH:
        return f"{lease['holderIdentity']} holds the Lease, but has not renewed it for {age:.0f} s"
    print(f"{lease['holderIdentity']} works")
    return None


def main() -> int:
    """Ask until all is well, or patience ends."""
    give_up_at = time.monotonic() + PATIENCE
    while (said := complaint()) is not None and time.monotonic() < give_up_at:
        time.sleep(PAUSE)
    if said is not None:
        print(said, file=sys.stderr)
    return said is not None


sys.exit(main())
