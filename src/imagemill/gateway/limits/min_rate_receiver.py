"""BODY_TIMEOUT_SECONDS: a minimum rate for request bodies; a slower one is answered with 408.

A single pause is limited, and so is the average rate: after the first time-out, each second of
waiting must have brought a KiB, as with MinRate of Apache's mod_reqtimeout. Otherwise a byte now
and then would hold an upload slot for hours. Only waiting for the client counts, not slow storage.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from starlette.types import Message, Receive

from imagemill.gateway.errors import BodyTooSlow

MIN_BYTES_PER_SECOND: Final = 1024


@dataclass(slots=True)
class MinRateReceiver:
    """An ASGI `receive` that limits how slowly a request's body arrives. Raises BodyTooSlow.

    `has_arrived` is whether the next message is there already, and so needs no limit.
    """

    receive: Receive
    timeout_seconds: float
    has_arrived: Callable[[], bool]
    _bytes: int = 0
    _waited_seconds: float = 0.0
    _has_ended: bool = False

    async def __call__(self) -> Message:
        if self._has_ended:  # only http.disconnect may follow, at any time
            return await self.receive()
        message = await (self.receive() if self.has_arrived() else self._wait())
        self._bytes += len(message.get("body", b""))
        self._has_ended = not message.get("more_body", False)
        return message

    def stop(self) -> None:
        """Enforce no rate any more: the response has begun, and the body no longer matters."""
        self._has_ended = True

    async def _wait(self) -> Message:
        started = time.monotonic()
        try:
            async with asyncio.timeout(self._remaining_seconds()):
                message = await self.receive()
        except TimeoutError:
            raise BodyTooSlow(
                f"The body paused for {self.timeout_seconds:g} s, or was slower than"
                f" {MIN_BYTES_PER_SECOND} bytes a second on average."
            ) from None
        self._waited_seconds += time.monotonic() - started
        return message

    def _remaining_seconds(self) -> float:
        allowed = self.timeout_seconds + self._bytes / MIN_BYTES_PER_SECOND
        return max(0.0, min(self.timeout_seconds, allowed - self._waited_seconds))
