"""Settings of the whole kernel that a kubelet makes: noted before, put back after."""

import contextlib
from pathlib import Path

# what kubelet and kube-proxy write outside of every namespace
NAMES = (
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)
PROC = Path("/proc/sys")


def read() -> dict[str, str]:
    """Note how they stand."""
    found = {}
    for name in NAMES:
        with contextlib.suppress(OSError):
            found[name] = (PROC / name).read_text().strip()
    return found


def write(values: dict[str, str]) -> None:
    """Put back what is different."""
    for name, value in values.items():
        if (PROC / name).read_text().strip() != value:
            (PROC / name).write_text(value)
