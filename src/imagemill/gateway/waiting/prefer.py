"""How long a client is willing to wait: `Prefer: wait=N` (RFC 7240)."""

import re
from collections.abc import Iterable
from typing import Final

LONGEST_WAIT_SECONDS: Final = 60

# Up to a comma that is not in quotes. The quantifier keeps what it has: else a header of nothing
# but `"\` takes a minute.
PREFERENCE: Final = re.compile(r'(?:"(?:[^"\\]|\\.)*+"?|[^,"])+')
PARAMETERS: Final = re.compile(r";.*", re.DOTALL)
WAIT: Final = re.compile(r'[ \t]*wait[ \t]*=[ \t]*("?)([0-9]+)\1[ \t]*', re.IGNORECASE)


def wait_seconds(headers: Iterable[str]) -> int | None:
    """Return the seconds that the headers ask for, 60 at most; None when they ask for no wait.

    Of several, the first counts (section 2); what is malformed or unknown is ignored.
    """
    for header in headers:
        for preference in PREFERENCE.findall(header):
            asked = PARAMETERS.sub("", preference)
            if asked.partition("=")[0].strip(" \t").lower() == "wait":
                return _seconds(asked)
    return None


def _seconds(asked: str) -> int | None:
    found = WAIT.fullmatch(asked)
    if found is None:
        return None
    # int() refuses thousands of digits, and three that mean something are too many already.
    digits = found[2].lstrip("0") or "0"
    return min(int(digits[:3]), LONGEST_WAIT_SECONDS)
