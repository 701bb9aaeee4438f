"""How long to wait before a request is made again. Pure: chance and the time come in."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

TRIES: Final = 5
LONGEST_PAUSE: Final = timedelta(seconds=8)
# However long a server asks for: somebody may be sitting in front of this.
LONGEST_RETRY_AFTER: Final = timedelta(seconds=60)
LONGEST_BETWEEN_LOOKS: Final = timedelta(seconds=1)


def before_next_try(tries: int, asked_for: timedelta | None, draw: float) -> timedelta:
    """Return the pause after so many failed tries (from 1): what the server asks for, if it does.

    Else 0.5, 1, 2, 4 s and so on, times 0.5 to 1.5; `draw` is a random number in [0, 1).
    """
    if asked_for is not None:
        return min(asked_for, LONGEST_RETRY_AFTER)
    return min(LONGEST_PAUSE, timedelta(seconds=2.0 ** (tries - 2))) * (0.5 + draw)


def between_looks(looks: int) -> timedelta:
    """Return how long to wait before looking at a job again, after so many looks (from 0)."""
    # 2**6 is past the ceiling already; much more would overflow timedelta.
    return min(LONGEST_BETWEEN_LOOKS, timedelta(seconds=0.03 * 2 ** min(looks, 6)))


def retry_after(header: str | None, now: datetime) -> timedelta | None:
    """Return what a Retry-After header asks for: seconds, or a date (RFC 9110, 10.2.3)."""
    if header is None:
        return None
    if header.isdecimal():
        return timedelta(seconds=min(int(header), LONGEST_RETRY_AFTER.seconds))
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    return max(timedelta(), moment.replace(tzinfo=moment.tzinfo or UTC) - now)
