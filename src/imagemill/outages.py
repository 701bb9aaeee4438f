"""Log lines about servers that go away: one when that is noticed, one when they are back.

Many tasks and requests notice at once, and again with every try. What each does about it is logged
at `debug` only.
"""

import time
from dataclasses import dataclass
from typing import Final

import structlog

log = structlog.get_logger()

# A call that began before the server was back may still fail after others succeed. A server counts
# as back when a call succeeds so long after the last failure.
QUIET_SECONDS: Final = 1.0


@dataclass(slots=True)
class Outage:
    """The outage of one server, if it has one. Times are seconds of the monotonic clock."""

    unavailable_event: str
    available_event: str
    _since: float | None = None
    _last_failure_at: float = 0.0
    _is_refusal: bool = False

    def note_failure(self, reason: object, *, is_refusal: bool = False) -> None:
        """Log `unavailable_event` if the server was available before, or only now refuses us."""
        self._last_failure_at = time.monotonic()
        if self._since is None or (is_refusal and not self._is_refusal):
            self._since = self._since or self._last_failure_at
            self._is_refusal = is_refusal
            log.warning(self.unavailable_event, reason=str(reason))

    def note_success(self) -> None:
        """Log `available_event` if the server was unavailable until now."""
        if self._since is None:
            return
        now = time.monotonic()
        if now - self._last_failure_at >= QUIET_SECONDS:
            log.info(self.available_event, after_seconds=round(now - self._since, 1))
            self.forget()

    def forget(self) -> None:
        """Count the server as available again, without a log line."""
        self._since = None
        self._is_refusal = False


# Each process has one of each, whatever number of clients it has.
POSTGRES: Final = Outage("postgres.unavailable", "postgres.available")
REDIS: Final = Outage("redis.unavailable", "redis.available")
STORAGE: Final = Outage("storage.unavailable", "storage.available")
