"""Whom a gateway lets read its metrics while PostgreSQL cannot say who has which key.

Metrics are wanted most while something is away, and PostgreSQL alone knows the keys. So a gateway
remembers, by a digest, what those showed whom it let in, and lets them in again while PostgreSQL is
away or does not answer in time. Nobody else is let in then, and what is refused is forgotten.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Final

MOST_REMEMBERED: Final = 100


@dataclass(slots=True)
class Scrapers:
    """What was shown by those who were let in; None by who showed nothing."""

    _known: dict[bytes, None] = field(default_factory=dict)

    def remember(self, shown: str | None) -> None:
        self.forget(shown)
        self._known[_digest(shown)] = None
        if len(self._known) > MOST_REMEMBERED:
            del self._known[next(iter(self._known))]

    def forget(self, shown: str | None) -> None:
        self._known.pop(_digest(shown), None)

    def knows(self, shown: str | None) -> bool:
        return _digest(shown) in self._known


def _digest(shown: str | None) -> bytes:
    return hashlib.sha256((shown or "").encode()).digest()
