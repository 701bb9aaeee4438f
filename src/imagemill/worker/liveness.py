"""Health of a worker: what of it does not work, and whether a restart could help.

Everything is noted as it happens, so that a busy worker never counts as a stuck one.
"""

import time
from dataclasses import dataclass, field
from typing import Final

import psycopg

from imagemill.errors import ServiceError

PROGRESS_TIMEOUT_SECONDS: Final = 60.0

FETCHING: Final = "fetching jobs"
LEASES: Final = "leases"
# Without these parts a worker does no work. What breaks them may be the state of its process.
VITAL: Final = (FETCHING, LEASES)


@dataclass(frozen=True, slots=True)
class Failing:
    """A part that has failed at each run since then. Times are monotonic seconds."""

    since: float
    last_at: float
    reason: str
    is_ours: bool
    """Whether the cause may lie in this process, and not in a server."""


@dataclass(slots=True)
class Liveness:
    """When the job loop last ran and PostgreSQL last answered, in monotonic seconds; what fails."""

    loop_ran_at: float = field(default_factory=time.monotonic)
    postgres_answered_at: float = field(default_factory=time.monotonic)
    _failing: dict[str, Failing] = field(default_factory=dict)

    def note_loop(self) -> None:
        self.loop_ran_at = time.monotonic()

    def note_postgres(self) -> None:
        self.postgres_answered_at = time.monotonic()

    def note_run(self, part: str, error: Exception | None) -> None:
        """Note how a run of this part of the worker ended: with an error, or well."""
        if error is None:
            self._failing.pop(part, None)
            return
        before, now = self._failing.get(part), time.monotonic()
        self._failing[part] = Failing(
            since=before.since if before else now,
            last_at=now,
            reason=(str(error).strip().partition("\n")[0]) or type(error).__name__,
            is_ours=not isinstance(error, ServiceError | psycopg.Error),
        )

    def failure(self, now: float) -> str | None:
        """Return why a restart could help, or None.

        It helps against nothing that a server does: then the worker goes on trying.
        """
        if now - self.loop_ran_at > PROGRESS_TIMEOUT_SECONDS:
            return f"The job loop has not run for {now - self.loop_ran_at:.0f} s."
        for part in VITAL:
            failing = self._failing.get(part)
            if failing and failing.is_ours and now - failing.since > PROGRESS_TIMEOUT_SECONDS:
                return _describe(part, failing, now)
        return None

    def complaints(self, now: float) -> list[str]:
        """Return what does not work, a sentence each."""
        found = [_describe(part, failing, now) for part, failing in self._failing.items()]
        if now - self.postgres_answered_at > PROGRESS_TIMEOUT_SECONDS:
            seconds = now - self.postgres_answered_at
            found.append(f"PostgreSQL has not answered for {seconds:.0f} s.")
        return found


def _describe(part: str, failing: Failing, now: float) -> str:
    reason = failing.reason.rstrip(".")
    return (
        f"{part}: failing for {now - failing.since:.0f} s, last {now - failing.last_at:.0f} s ago:"
        f" {reason}."
    )
