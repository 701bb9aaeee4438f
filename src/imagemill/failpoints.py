"""Named moments at which a test makes a process die, fail or stand still.

`FAILPOINTS="outputs.named=kill"` in the environment of a service arms one, several are separated by
commas. Each strikes once. Without the variable, as everywhere but in tests, a failpoint costs a
look into an empty dictionary.
"""

import os
import signal
import sys
import time
from typing import Final

KILL: Final = "kill"
ERROR: Final = "error"
PAUSE: Final = "pause"

# Longer than the leases of those tests, in the very thread: no heartbeat gets out meanwhile.
PAUSE_SECONDS: Final = 4.0


class FailpointReached(Exception):
    """What a bug at this moment would raise."""


def _armed(text: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in text.split(",") if part)


_actions: Final = _armed(os.environ.get("FAILPOINTS", ""))


def failpoint(name: str) -> None:
    """Do what a test asked for at this moment, the first time it is reached."""
    action = _actions.pop(name, None)
    if action is None:
        return
    sys.stderr.write(f"failpoint {name}: {action}\n")
    sys.stderr.flush()
    match action:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "error":
            raise FailpointReached(name)
        case "pause":
            time.sleep(PAUSE_SECONDS)
        case _:
            raise ValueError(f"FAILPOINTS: {action!r} is no action")
