"""Who acts: the audit names a person and a machine, as far as the system knows them."""

import getpass
import os
import socket

VARIABLE = "MODELWARD_ACTOR"


def find_actor() -> str:
    """Return MODELWARD_ACTOR, or user@host; a container may have a number in the place of a user."""
    named = os.environ.get(VARIABLE, "").strip()
    if named:
        return named
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = f"uid {os.getuid()}"
    return f"{user}@{socket.gethostname()}"
