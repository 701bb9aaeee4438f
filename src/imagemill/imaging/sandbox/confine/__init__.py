"""Confinement of an image process, applied by itself before it opens an untrusted file.

Nothing here needs a privilege, and none of it can be undone. What the process needs of the file
system besides its policy's folders must be loaded before.
"""

import sys
from collections.abc import Callable
from types import MappingProxyType
from typing import Final

from imagemill.imaging.sandbox.confine import landlock, limits, process, seccomp
from imagemill.imaging.sandbox.confine.level import ConfinementLevel
from imagemill.imaging.sandbox.confine.policy import SandboxPolicy
from imagemill.imaging.sandbox.confine.system import Unsupported

LIMITS: Final = "rlimits"

# seccomp comes last: its filter denies the system calls of the others.
MECHANISMS: Final = MappingProxyType[str, Callable[[SandboxPolicy], str]](
    {"Landlock": landlock.restrict, "seccomp": seccomp.restrict}
)


def confine(policy: SandboxPolicy) -> ConfinementLevel:
    """Set the resource limits, apply what the policy's mode says, and return what is active.

    Ends the process with a message on standard error when the mode is `required` and something is
    not supported.
    """
    process.prefer_for_oom_kill()
    process.yield_to_services()
    limits.set_limits(policy)
    if policy.mode == "off":
        return ConfinementLevel("off", (LIMITS,))
    active, missing = _apply_mechanisms(policy)
    if missing and policy.mode == "required":
        sys.exit(f"SANDBOX=required, and this system lacks {' and '.join(missing)}.")
    return ConfinementLevel("partial" if missing else "full", (*active, LIMITS), tuple(missing))


def _apply_mechanisms(policy: SandboxPolicy) -> tuple[list[str], list[str]]:
    """Return what is active, and what the system lacks for the rest."""
    active: list[str] = []
    missing: list[str] = []
    process.drop_privileges()
    for name, restrict in MECHANISMS.items():
        try:
            active.append(restrict(policy))
        except (Unsupported, OSError) as reason:
            missing.append(f"{name} ({reason})")
    return active, missing
