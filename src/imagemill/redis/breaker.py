"""A circuit breaker: after some failures in a row, a neighbour is left alone for a while."""

from dataclasses import dataclass


@dataclass(slots=True)
class Breaker:
    """Counts failures in a row. Times are seconds of any one clock that only rises.

    `cooldown` after the last failure one caller is let through again; its success closes the
    circuit, its failure opens it anew.
    """

    threshold: int
    cooldown: float
    _failures: int = 0
    _open_until: float = 0.0

    def allows(self, now: float) -> bool:
        return self._failures < self.threshold or now >= self._open_until

    def succeeded(self) -> None:
        self._failures = 0

    def failed(self, now: float) -> None:
        self._failures += 1
        self._open_until = now + self.cooldown
