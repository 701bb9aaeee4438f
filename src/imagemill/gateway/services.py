"""What the routes work with, opened once at start."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from imagemill.gateway.auth.key_loader import ApiKeyLoader
from imagemill.gateway.auth.link_secret import LinkSecret
from imagemill.gateway.auth.scrapers import Scrapers
from imagemill.gateway.limits.admission import Admission
from imagemill.gateway.limits.rate_limiter import RateLimiter
from imagemill.gateway.observability.queue_gauges import QueueGauges
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
    """The gateway's neighbours and what it learned of them at start."""

    settings: Settings
    job_store: JobStore
    gauges: QueueGauges
    scrapers: Scrapers
    line: JobQueue
    storage: Storage
    presets: Mapping[str, Pipeline]
    capabilities: Capabilities
    sandbox: ConfinementLevel
    waiters: WaiterRegistry
    key_loader: ApiKeyLoader
    link_secret: LinkSecret
    allows_anonymous: bool
    """Whether anybody is let in while there is no API key."""
    admission: Admission
    budgets: RateLimiter | None
    vetting: Vetting


# Not that it would wait for anything: FastAPI hands a plain function to a thread.
async def _parts(request: Request) -> Services:
    parts: Services = request.app.state.parts
    return parts


Gateway = Annotated[Services, Depends(_parts)]
