"""BODY_TIMEOUT_SECONDS: a body comes at a pace, or its request ends with 408.

A pause is bounded, and so is the average: after the time-out once over, each second of waiting must
have brought a KiB, as with MinRate of Apache's mod_reqtimeout. Else a byte now and then would hold
a place for hours. Only time spent in waiting for the client counts, not that of a slow disk.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import Final

from starlette.types import Message, Receive

from imagemill.gateway.errors import BodyTooSlow

LEAST_BYTES_PER_SECOND: Final = 1024


@dataclass(slots=True)
class MinRateReceiver:
    """Receives a request's body as the client sends it. Raises BodyTooSlow."""

    receive: Receive
    timeout_seconds: float
    _bytes: int = 0
    _waited: float = 0.0
    _has_ended: bool = False

    async def __call__(self) -> Message:
        if self._has_ended:  # what may come now is a disconnect, at any time
            return await self.receive()
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._patience()):
                message = await self.receive()
        except TimeoutError:
            raise BodyTooSlow(self._reason()) from None
        self._waited += time.monotonic() - began
        self._bytes += len(message.get("body", b""))
        self._has_ended = not message.get("more_body", False)
        return message

    def end(self) -> None:
        """Ask for nothing more: the request is being answered, and its body no longer matters."""
        self._has_ended = True

    def _patience(self) -> float:
        allowed = self.timeout_seconds + self._bytes / LEAST_BYTES_PER_SECOND
        return max(0.0, min(self.timeout_seconds, allowed - self._waited))

    def _reason(self) -> str:
        return (
            f"The body must come without a pause of {self.timeout_seconds:g} s, and with"
            f" {LEAST_BYTES_PER_SECOND} bytes a second on average."
        )
