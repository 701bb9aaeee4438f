"""What a child process gives up before it opens a stranger's picture, in the order of `confine`.

Everything is done by the process to itself, with no right that an unprivileged user lacks, and
nothing of it can be taken back. What the process still needs of the file system must be loaded
before.
"""

import sys
from collections.abc import Callable
from types import MappingProxyType
from typing import Final

from imagemill.imaging.sandbox.confine import landlock, limits, process, seccomp
from imagemill.imaging.sandbox.confine.level import ConfinementLevel
from imagemill.imaging.sandbox.confine.policy import SandboxPolicy
from imagemill.imaging.sandbox.confine.system import Lacking

LIMITS: Final = "rlimits"

# seccomp comes last: its filter denies what the others call.
WALLS: Final = MappingProxyType[str, Callable[[SandboxPolicy], str]](
    {"Landlock": landlock.close, "seccomp": seccomp.close}
)


def confine(terms: SandboxPolicy) -> ConfinementLevel:
    """Set the limits and close what the mode says; return what is closed.

    Ends the process with a sentence on standard error when the mode is `required` and something
    cannot be closed.
    """
    process.offer_to_oom_killer()
    limits.set_limits(terms)
    if terms.mode == "off":
        return ConfinementLevel("off", (LIMITS,))
    closed, lacking = _close(terms)
    if lacking and terms.mode == "required":
        sys.exit(f"SANDBOX=required, and this system lacks {' and '.join(lacking)}.")
    return ConfinementLevel("partial" if lacking else "full", (*closed, LIMITS), tuple(lacking))


def _close(terms: SandboxPolicy) -> tuple[list[str], list[str]]:
    """Return what is closed, and what is lacking to close the rest."""
    closed: list[str] = []
    lacking: list[str] = []
    process.give_up_rights()
    for name, close in WALLS.items():
        try:
            closed.append(close(terms))
        except (Lacking, OSError) as reason:
            lacking.append(f"{name} ({reason})")
    return closed, lacking
