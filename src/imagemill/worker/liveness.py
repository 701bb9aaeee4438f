"""Liveness of a worker: whether its loop runs and PostgreSQL answers.

Both are noted as they happen, so that a busy worker never counts as a stuck one.
"""

import time
from dataclasses import dataclass, field
from typing import Final

PROGRESS_TIMEOUT_SECONDS: Final = 60.0


@dataclass(slots=True)
class Liveness:
    """When the job loop last ran and when PostgreSQL last answered, in monotonic seconds."""

    loop_ran_at: float = field(default_factory=time.monotonic)
    postgres_answered_at: float = field(default_factory=time.monotonic)

    def note_loop(self) -> None:
        self.loop_ran_at = time.monotonic()

    def note_postgres(self) -> None:
        self.postgres_answered_at = time.monotonic()

    def failure(self, now: float) -> str | None:
        """Return what is wrong, or None while the worker is healthy."""
        if now - self.loop_ran_at > PROGRESS_TIMEOUT_SECONDS:
            return f"The job loop has not run for {now - self.loop_ran_at:.0f} s."
        if now - self.postgres_answered_at > PROGRESS_TIMEOUT_SECONDS:
            return f"PostgreSQL has not answered for {now - self.postgres_answered_at:.0f} s."
        return None
