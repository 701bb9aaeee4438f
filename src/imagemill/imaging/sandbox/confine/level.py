"""How far a child process is confined, as logs and health answers tell it."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class ConfinementLevel:
    """What is closed, and what the system lacks to close the rest.

    As text: `full: landlock abi 7, seccomp, rlimits`.
    """

    name: Literal["full", "partial", "off"]
    closed: tuple[str, ...]
    lacking: tuple[str, ...] = ()

    def __str__(self) -> str:
        told = f"{self.name}: {', '.join(self.closed)}"
        return f"{told}; lacks {' and '.join(self.lacking)}" if self.lacking else told
