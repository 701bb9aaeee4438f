"""MAX_CONCURRENT_UPLOADS: a FIFO limiter; uploads without a slot wait up to a time-out."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final, Literal

import structlog

from imagemill.gateway.errors import ClientDisconnected, Overloaded

log = structlog.get_logger()

SLOT_TIMEOUT_SECONDS: Final = 5.0
# How often a waiting upload checks that its client is still connected.
CHECK_INTERVAL_SECONDS: Final = 0.25
RETRY_AFTER_SECONDS: Final = 5


class UploadLimiter:
    """At most `max_uploads` hold a slot; the others wait in the order in which they arrived."""

    def __init__(self, max_uploads: int) -> None:
        self._max_uploads = max_uploads
        self._slots = asyncio.Semaphore(max_uploads)

    @asynccontextmanager
    async def slot(self, has_disconnected: Callable[[], bool]) -> AsyncIterator[None]:
        """Hold a slot.

        Raises Overloaded if none is free in time, ClientDisconnected if `has_disconnected` returns
        true during the wait.
        """
        await self._acquire(has_disconnected)
        try:
            yield
        finally:
            self._slots.release()

    async def _acquire(self, has_disconnected: Callable[[], bool]) -> None:
        if not self._slots.locked():
            await self._slots.acquire()
            return
        acquiring = asyncio.ensure_future(self._slots.acquire())
        try:
            await self._wait(acquiring, has_disconnected)
        except BaseException:
            if not acquiring.cancel():  # acquired at the same moment
                self._slots.release()
            raise

    async def _wait(
        self, acquiring: asyncio.Future[Literal[True]], has_disconnected: Callable[[], bool]
    ) -> None:
        deadline = asyncio.get_running_loop().time() + SLOT_TIMEOUT_SECONDS
        while not (await asyncio.wait({acquiring}, timeout=CHECK_INTERVAL_SECONDS))[0]:
            if has_disconnected():
                log.info("upload.client_disconnected")
                raise ClientDisconnected("The client disconnected while its upload was waiting.")
            if asyncio.get_running_loop().time() > deadline:
                raise Overloaded(
                    f"{self._max_uploads} uploads are in progress.", RETRY_AFTER_SECONDS
                )
