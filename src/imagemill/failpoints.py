"""Failpoints: named places in the code at which a test makes a process die, fail or pause.

`FAILPOINTS="outputs.named=kill"` in the environment of a service activates one; several are
separated by commas. The actions are `kill`, `error` and `pause`. Each failpoint triggers once.
Without the variable, as everywhere but in tests, it costs a lookup in an empty dictionary.
"""

import os
import signal
import sys
import time
from functools import cache
from typing import Final

# Longer than a lease in the tests. It blocks the event loop, so that no heartbeat is sent.
PAUSE_SECONDS: Final = 4.0


class FailpointReached(Exception):
    """Raised by the action `error`, as a bug would raise something unforeseen."""


@cache
def _actions() -> dict[str, str]:
    text = os.environ.get("FAILPOINTS", "")
    return dict(part.split("=", 1) for part in text.split(",") if part)


def failpoint(name: str) -> None:
    """Execute the action that FAILPOINTS has for this name, the first time only."""
    action = _actions().pop(name, None)
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
            raise ValueError(f"FAILPOINTS: {action!r} is not an action")
