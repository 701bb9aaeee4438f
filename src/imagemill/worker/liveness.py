"""Whether the worker makes progress.

A process that runs may still hang. This one is healthy while its loop turns and PostgreSQL
answers; both are noted as they happen, so that a busy worker is never taken for a dead one.
"""

import time
from dataclasses import dataclass, field
from typing import Final

PATIENCE_SECONDS: Final = 60.0


@dataclass(slots=True)
class Liveness:
    """When the loop last turned and when PostgreSQL last answered, in monotonic seconds."""

    turned_at: float = field(default_factory=time.monotonic)
    answered_at: float = field(default_factory=time.monotonic)

    def turned(self) -> None:
        self.turned_at = time.monotonic()

    def answered(self) -> None:
        self.answered_at = time.monotonic()

    def complaint(self, now: float) -> str | None:
        """Return what is wrong, or None while the worker is healthy."""
        if now - self.turned_at > PATIENCE_SECONDS:
            return f"the loop has not turned for {now - self.turned_at:.0f} s"
        if now - self.answered_at > PATIENCE_SECONDS:
            return f"PostgreSQL has not answered for {now - self.answered_at:.0f} s"
        return None
