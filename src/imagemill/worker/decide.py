"""The decision that follows an attempt. Pure: no clock, no randomness, no I/O."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from imagemill.errors import Unavailable
from imagemill.jobs.job import Claim, Completed, Failed, JobError, backoff, is_final

# Without a delay, a released job would be claimed and released in a loop while the storage is
# unavailable.
RELEASE_DELAY: Final = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Retry:
    """The attempt failed and another follows after the delay."""

    claim: Claim
    error: JobError
    delay: timedelta


@dataclass(frozen=True, slots=True)
class Release:
    """A service was unavailable: the attempt does not count, and the job is due after the delay."""

    claim: Claim
    reason: str
    delay: timedelta


# How an attempt ended, and what is to be done about the job.
Outcome = Completed | JobError | Unavailable
Decision = Completed | Failed | Retry | Release


def decide(claim: Claim, outcome: Outcome, draw: float) -> Decision:
    """Return what is to be done about a job after an attempt; `draw` is random, in [0, 1)."""
    match outcome:
        case Completed():
            return outcome
        case Unavailable():
            return Release(claim, str(outcome), RELEASE_DELAY)
        case JobError(code=code) if is_final(claim, code):
            return Failed(claim, outcome)
        case JobError():
            return Retry(claim, outcome, backoff(claim.attempt, draw))
