"""Delays before a request is retried and between polls of a job. Pure: chance comes in."""

from datetime import timedelta
from typing import Final

MAX_TRIES: Final = 5
MAX_DELAY: Final = timedelta(seconds=8)
# Whatever a server asks for: somebody may be waiting for the result.
MAX_RETRY_AFTER: Final = timedelta(seconds=60)
MAX_POLL_DELAY: Final = timedelta(seconds=1)


def compute_retry_delay(tries: int, retry_after: timedelta | None, draw: float) -> timedelta:
    """Return the delay after so many failed tries (from 1).

    That is `retry_after`, up to MAX_RETRY_AFTER, when the server asked for it. Otherwise 0.5, 1, 2,
    4 s and so on up to MAX_DELAY, times 0.5 to 1.5; `draw` is a random number in [0, 1).
    """
    if retry_after is not None:
        return min(retry_after, MAX_RETRY_AFTER)
    # 2**6 exceeds the maximum already; much more would overflow timedelta.
    return min(MAX_DELAY, timedelta(seconds=2.0 ** min(tries - 2, 6))) * (0.5 + draw)


def compute_poll_delay(polls: int) -> timedelta:
    """Return the delay before a job is polled again, after so many polls (from 0)."""
    # 2**6 is past the ceiling already; much more would overflow timedelta.
    return min(MAX_POLL_DELAY, timedelta(seconds=0.03 * 2 ** min(polls, 6)))
