"""Numbers, durations, sizes and foreign texts formatted for people."""

import json
from datetime import timedelta
from typing import Any, Final

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


def escape_unprintable(text: str) -> str:
    """Return the text with control characters escaped, which a terminal would interpret."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def format_json(value: Any) -> str:  # noqa: ANN401 - any JSON
    """Return the value as a line of JSON in printable ASCII."""
    return json.dumps(value).replace("\x7f", "\\u007f")  # the one that json.dumps leaves as it is
