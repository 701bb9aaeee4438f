"""Which uploads are let in before a byte of their body is read."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog
from fastapi import Request

from imagemill.gateway.limits.backlog import Backlog
from imagemill.gateway.limits.connection import has_left
from imagemill.gateway.limits.upload_limiter import Slots

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Admission:
    """The doors that an upload goes through, and what it holds until it is accepted."""

    backlog: Backlog
    slots: Slots

    @asynccontextmanager
    async def one(self, request: Request) -> AsyncIterator[None]:
        """Hold a place for this upload. Raises Overloaded, ClientLeft, DatabaseUnavailable."""
        async with self.backlog.one_more(), self.slots.one(lambda: _has_left(request)):
            yield


def _has_left(request: Request) -> bool:
    if has_left(request):
        log.info("upload.left")
        return True
    return False
