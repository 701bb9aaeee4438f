"""Numbers, durations and sizes formatted for people."""

from datetime import timedelta
from typing import Final

UNITS: Final = ("bytes", "KiB", "MiB", "GiB", "TiB")
STEP: Final = 1024


def pluralize(number: int, noun: str) -> str:
    """Return, for example, `1 job` or `1,204 jobs`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def format_duration(duration: timedelta) -> str:
    """Return the duration in the largest unit of which there are two or more."""
    seconds = int(duration.total_seconds())
    for unit, unit_seconds in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * unit_seconds:
            return f"{seconds // unit_seconds} {unit}"
    return pluralize(seconds, "second")


def format_size(number: int) -> str:
    """Return the number of bytes in the largest unit of which there is one or more."""
    value, unit = float(number), 0
    while value >= STEP and unit < len(UNITS) - 1:
        value, unit = value / STEP, unit + 1
    return f"{value:,.1f} {UNITS[unit]}" if unit else f"{number} bytes"


def format_sentence(text: object) -> str:
    """Return the text on one line with one mark at its end, whatever it ended with."""
    line = " ".join(str(text).split()).rstrip(". ")
    return line if line.endswith(("?", "!")) else f"{line}."
