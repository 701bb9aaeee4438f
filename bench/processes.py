"""CPU time and memory of processes."""

from dataclasses import dataclass

import psutil

MEBIBYTE = 2**20


@dataclass(frozen=True, slots=True)
class Memory:
    """Mebibytes of a process: its own share of what it maps (PSS), and all of it (RSS)."""

    pss: float
    rss: float

    def __add__(self, other: "Memory") -> "Memory":
        return Memory(self.pss + other.pss, self.rss + other.rss)


def own_cpu_seconds(pid: int) -> float:
    return sum(psutil.Process(pid).cpu_times()[:2])


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process and all below it, the dead ones it waited for included."""
    process = psutil.Process(pid)
    seconds = sum(process.cpu_times()[:4])
    for child in process.children(recursive=True):
        try:
            seconds += sum(child.cpu_times()[:4])
        except psutil.NoSuchProcess:  # it is counted by its parent now, or at the next reading
            continue
    return seconds


def read_memory(pid: int) -> Memory:
    info = psutil.Process(pid).memory_full_info()
    return Memory(info.pss / MEBIBYTE, info.rss / MEBIBYTE)


def child_pids(pid: int) -> list[int]:
    return [child.pid for child in psutil.Process(pid).children()]
