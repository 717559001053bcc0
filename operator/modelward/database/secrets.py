"""From a Secret to the parameters of a connection; host, user and password always come together from one Secret.

Only keywords that cannot make the operator read files of its own or run anything are taken.
"""

import hashlib
import os
import tempfile
from pathlib import Path

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from modelward.domain.errors import SourceError
from modelward.domain.questions import Connection, Parameters
from modelward.domain.reasons import Reason

DIRECT = "directUri"
KEYS = ("host", "port", "dbname", "user", "password", "sslmode", "sslrootcert")
ALLOWED = frozenset(
    {
        *KEYS,
        "hostaddr",
        "channel_binding",
        "target_session_attrs",
        "load_balance_hosts",
        "connect_timeout",
        "application_name",
    }
)
DROPPED = frozenset({"connect_timeout", "application_name"})


def read_connection(secret_name: str, values: dict[str, str]) -> Connection:
    """Read `uri`, or host, port, dbname, user, password, sslmode, sslrootcert; SourceError names the key, no value.

    `directUri` is the way past a pooler. A CA that is given is checked against, name and all, unless sslmode says less.
    """
    if values.get("uri"):
        parameters = _from_uri(secret_name, "uri", values["uri"])
    elif values.get("host"):
        parameters = {key: values[key] for key in KEYS if values.get(key)}
    else:
        keys = ", ".join(sorted(values)) or "none"
        message = f"Secret {secret_name} needs the key uri, or host, dbname, user and password; it has: {keys}"
        raise SourceError(Reason.SECRET_INCOMPLETE, message)
    direct = _from_uri(secret_name, DIRECT, values[DIRECT]) if values.get(DIRECT) else {}
    certificate = values.get("sslrootcert", "")
    return Connection(_finish(secret_name, parameters, certificate), _finish(secret_name, direct, certificate))


def _finish(secret_name: str, parameters: dict[str, str], certificate: str) -> Parameters:
    certificate = certificate or parameters.get("sslrootcert", "")
    if certificate and parameters:
        system = certificate.strip() == "system"
        parameters["sslrootcert"] = "system" if system else _store_certificate(secret_name, certificate)
        parameters.setdefault("sslmode", "verify-full")
    kept = {key: value.strip() for key, value in parameters.items() if key not in DROPPED}
    return tuple(sorted(kept.items()))


def _from_uri(secret_name: str, key: str, uri: str) -> dict[str, str]:
    try:
        parsed = {key: str(value) for key, value in conninfo_to_dict(uri.strip()).items()}
    except ProgrammingError:
        message = (
            f"the key {key} of Secret {secret_name} is not a PostgreSQL URI such as postgresql://user:password@host/db"
        )
        raise SourceError(Reason.SECRET_INCOMPLETE, message) from None
    refused = sorted(parsed.keys() - ALLOWED)
    if refused:
        message = f"the key {key} of Secret {secret_name} uses {', '.join(refused)}, which is not allowed here"
        raise SourceError(Reason.SECRET_INCOMPLETE, message)
    if "host" not in parsed and "hostaddr" not in parsed:
        raise SourceError(Reason.SECRET_INCOMPLETE, f"the key {key} of Secret {secret_name} names no host")
    return parsed


def _store_certificate(secret_name: str, certificate: str) -> str:
    """Write a CA to a private file, since libpq reads it from one; a path in its place is refused."""
    if "-----BEGIN CERTIFICATE-----" not in certificate:
        message = f"sslrootcert of Secret {secret_name} must be a PEM certificate or the word system"
        raise SourceError(Reason.SECRET_INCOMPLETE, message)
    folder = Path(tempfile.gettempdir()) / f"modelward-{os.getuid()}-ca"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{hashlib.sha256(certificate.encode()).hexdigest()[:32]}.crt"
    if not path.exists():
        path.write_text(certificate)
    return str(path)
