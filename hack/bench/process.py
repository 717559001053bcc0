"""What the operator's process takes: memory and processor time."""

from dataclasses import dataclass

import psutil

MB = 1_000_000


@dataclass(frozen=True)
class Usage:
    """Resident memory, of it what no other process shares, and the processor seconds so far."""

    rss_mb: float
    uss_mb: float
    cpu_s: float


def look(pid: int) -> Usage:
    """Look at a process."""
    process = psutil.Process(pid)
    memory, times = process.memory_full_info(), process.cpu_times()
    return Usage(memory.rss / MB, memory.uss / MB, times.user + times.system)
