"""Policy of an image process: its limits, and the files that it may read."""

from dataclasses import dataclass
from typing import Literal

# `required`: an image process that cannot be fully confined does not start. `best-effort`: it is
# confined as far as the system supports it. `off`: resource limits only.
Mode = Literal["required", "best-effort", "off"]


@dataclass(frozen=True, slots=True)
class SandboxPolicy:
    """What an image process may use.

    `memory_bytes` is address space. `cpu_seconds` is the CPU time of its whole life; its parent
    sets a lower limit for each job. Below a readable folder, whose path is absolute, files may be
    read and folders listed. No file may be opened for writing: those that it writes to are open
    when it gets them.
    """

    mode: Mode
    memory_bytes: int
    cpu_seconds: int
    readable: tuple[str, ...] = ()
