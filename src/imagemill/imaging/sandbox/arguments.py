"""The arguments of an image process: all that stays the same from one request to the next."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Self

from imagemill.imaging.limits import Limits
from imagemill.imaging.sandbox.confine.policy import SandboxPolicy


@dataclass(frozen=True, slots=True)
class Arguments:
    """The pid of the parent, the policy of the process, and the limits of its renders."""

    parent_pid: int
    policy: SandboxPolicy
    limits: Limits

    @classmethod
    def of_child(cls, policy: SandboxPolicy, limits: Limits) -> Self:
        """Return the arguments for a child of this process."""
        return cls(os.getpid(), policy, limits)

    @classmethod
    def parse(cls, argv: Sequence[str]) -> Self:
        """Return what `format` was called on."""
        parent_pid, policy, limits = map(json.loads, argv)
        policy["readable"] = tuple(policy["readable"])
        limits["timeout"] = timedelta(seconds=limits["timeout"])
        limits["assets"] = limits["assets"] and Path(limits["assets"])
        return cls(parent_pid, SandboxPolicy(**policy), Limits(**limits))

    def format(self) -> tuple[str, ...]:
        """Return the words of a command line."""
        limits = asdict(self.limits) | {
            "timeout": self.limits.timeout.total_seconds(),
            "assets": self.limits.assets and str(self.limits.assets),
        }
        return str(self.parent_pid), json.dumps(asdict(self.policy)), json.dumps(limits)
