"""Circuit breaker: after a number of failures in a row, a server is not called for a while."""

from dataclasses import dataclass


@dataclass(slots=True)
class CircuitBreaker:
    """Counts failures in a row. Times are seconds of any one monotonic clock.

    `threshold` failures open the circuit. `cooldown` seconds after the last failure calls are
    allowed again: a success closes the circuit, a failure opens it again.
    """

    threshold: int
    cooldown: float
    _failures: int = 0
    _open_until: float = 0.0

    def allows(self, now: float) -> bool:
        return self._failures < self.threshold or now >= self._open_until

    def record_success(self) -> None:
        self._failures = 0

    def record_failure(self, now: float) -> None:
        self._failures += 1
        self._open_until = now + self.cooldown
