"""Admission of uploads: every limit is checked before the first byte of a body is read."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog
from fastapi import Request

from imagemill.gateway.limits.connection import has_disconnected
from imagemill.gateway.limits.pending_job_limiter import PendingJobLimiter
from imagemill.gateway.limits.upload_limiter import UploadLimiter

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class UploadAdmission:
    """The limits that an upload counts against until its job is accepted."""

    pending_jobs: PendingJobLimiter
    uploads: UploadLimiter

    @asynccontextmanager
    async def admit(self, request: Request) -> AsyncIterator[None]:
        """Hold a slot of each limit.

        Raises Overloaded, ClientDisconnected, DatabaseUnavailable.
        """

        def disconnected() -> bool:
            if has_disconnected(request):
                log.info("upload.client_disconnected")
                return True
            return False

        async with self.pending_jobs.slot(), self.uploads.slot(disconnected):
            yield
