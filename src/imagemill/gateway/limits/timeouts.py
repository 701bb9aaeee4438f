"""How long clients are waited for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds for a request's headers, for pauses in a body or in reading, between requests."""

    headers: float
    body: float
    idle: float
