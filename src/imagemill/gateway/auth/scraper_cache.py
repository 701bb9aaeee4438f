"""Cache of the credentials that may read the metrics while PostgreSQL is unavailable.

Metrics matter most during an outage, and only PostgreSQL knows the keys. So a gateway remembers the
digests of credentials that were accepted, and accepts them again while PostgreSQL is unavailable or
does not answer in time. No other credentials are accepted then; refused ones are forgotten.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Final

MAX_ENTRIES: Final = 100


@dataclass(slots=True)
class ScraperCache:
    """Accepted bearer tokens, by digest; None is a request without one."""

    _digests: dict[bytes, None] = field(default_factory=dict)

    def add(self, token: str | None) -> None:
        self.remove(token)
        self._digests[_digest(token)] = None
        if len(self._digests) > MAX_ENTRIES:
            del self._digests[next(iter(self._digests))]

    def remove(self, token: str | None) -> None:
        self._digests.pop(_digest(token), None)

    def __contains__(self, token: str | None) -> bool:
        return _digest(token) in self._digests


def _digest(token: str | None) -> bytes:
    return hashlib.sha256((token or "").encode()).digest()
