"""What the gateway opens at start, and the FastAPI dependency that passes it to routes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from imagemill.auth.key_loader import ApiKeyLoader
from imagemill.auth.link_secret import LinkSecret
from imagemill.gateway.auth.browser_guard import BrowserGuard
from imagemill.gateway.auth.scraper_cache import ScraperCache
from imagemill.gateway.limits.pending_job_limiter import PendingJobLimiter
from imagemill.gateway.limits.rate_limiter import RateLimiter
from imagemill.gateway.limits.upload_limiter import UploadLimiter
from imagemill.gateway.observability.queue_gauges import QueueGauges
from imagemill.gateway.observability.storage_gauges import StorageGauges
from imagemill.gateway.upload.fields_parser import FieldsParser
from imagemill.gateway.waiting.waiter_registry import WaiterRegistry
from imagemill.imaging.sandbox.confine.level import ConfinementLevel
from imagemill.imaging.sandbox.sandbox import Capabilities
from imagemill.imaging.spec.pipeline import Pipeline
from imagemill.jobs.store import JobStore
from imagemill.redis.queue import JobQueue
from imagemill.settings import Settings
from imagemill.storage.protocol import Storage
from imagemill.webhooks.vetting import Vetting


@dataclass(frozen=True, slots=True)
class Services:
    """The services that routes work with."""

    settings: Settings
    job_store: JobStore
    queue: JobQueue
    storage: Storage
    presets: Mapping[str, Pipeline]
    capabilities: Capabilities
    """The formats that an image process decoded and encoded at start."""
    confinement: ConfinementLevel
    """How image processes are confined on this machine."""
    waiters: WaiterRegistry
    key_loader: ApiKeyLoader
    link_secret: LinkSecret
    browser_guard: BrowserGuard
    allows_anonymous: bool
    """Whether requests without a key are accepted until the first key exists."""
    pending_job_limiter: PendingJobLimiter
    upload_limiter: UploadLimiter
    rate_limiter: RateLimiter | None
    """None without a RATE_LIMIT."""
    vetting: Vetting
    queue_gauges: QueueGauges
    storage_gauges: StorageGauges
    scraper_cache: ScraperCache
    fields_parser: FieldsParser


async def _services(request: Request) -> Services:  # async: FastAPI runs plain `def` in a thread
    services: Services = request.app.state.services
    return services


ServicesDep = Annotated[Services, Depends(_services)]
