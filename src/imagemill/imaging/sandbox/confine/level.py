"""Level of confinement of an image process, as logs, health answers and the doctor show it."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class ConfinementLevel:
    """What is active, and what the system lacks for the rest.

    As text: `full: landlock abi 7, seccomp, rlimits`.
    """

    name: Literal["full", "partial", "off"]
    active: tuple[str, ...]
    missing: tuple[str, ...] = ()

    def __str__(self) -> str:
        text = f"{self.name}: {', '.join(self.active)}"
        return f"{text}; lacks {' and '.join(self.missing)}" if self.missing else text
