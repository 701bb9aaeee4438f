"""The Retry-After header: how long a client is asked to wait (RFC 9110, 10.2.3). Pure."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

MAX_DIGITS: Final = 9  # of a number of seconds; more would overflow timedelta


def parse_retry_after(header: str | None, now: datetime) -> timedelta | None:
    """Return the delay that the header asks for, as a number of seconds or a date; 0 for the past.

    None without a header, or with one that is neither.
    """
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=int(text) if len(text) <= MAX_DIGITS else 10**MAX_DIGITS)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:  # -0000: UTC in an unknown local zone (RFC 5322, 3.3)
        moment = moment.replace(tzinfo=UTC)
    return max(timedelta(0), moment - now)
