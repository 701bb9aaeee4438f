"""The API-Gateway as an ASGI application, and what it needs open to work."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Final

from fastapi import Depends, FastAPI

from imagemill.auth.api_keys import ApiKeys
from imagemill.gateway.auth.key_loader import ApiKeyLoader
from imagemill.gateway.auth.link_secret import LinkSecret
from imagemill.gateway.auth.scrapers import Scrapers
from imagemill.gateway.errors import KeyRefused, TooManyRequests
from imagemill.gateway.limits.admission import Admission
from imagemill.gateway.limits.backlog import Backlog
from imagemill.gateway.limits.rate_limit_middleware import RateLimitMiddleware
from imagemill.gateway.limits.rate_limiter import RateLimiter
from imagemill.gateway.limits.upload_limiter import Slots
from imagemill.gateway.observability.job_in_logs import name_the_job
from imagemill.gateway.observability.queue_gauges import QueueGauges
from imagemill.gateway.openapi.document import document, operation_id
from imagemill.gateway.openapi.pages import install_pages
from imagemill.gateway.openapi.routing import problems
from imagemill.gateway.problem import install_problem_handlers
from imagemill.gateway.routes import (
    about,
    deliveries,
    downloads,
    explain,
    health,
    jobs,
    links,
    metrics,
    streams,
    uploads,
)
from imagemill.gateway.services import Services
from imagemill.gateway.upload.callbacks import MOST_LOOKUPS
from imagemill.gateway.waiting.waiter_registry import WaiterRegistry
from imagemill.imaging.limits import Limits
from imagemill.imaging.sandbox.confine.level import ConfinementLevel
from imagemill.imaging.sandbox.sandbox import Capabilities, Confinement, Sandbox
from imagemill.imaging.spec.presets import load_presets
from imagemill.jobs.changes import Changes
from imagemill.jobs.store import JobStore
from imagemill.postgres.pool import DatabaseUnavailable, Postgres
from imagemill.redis.notifications import JobNotifications
from imagemill.redis.queue import JobQueue
from imagemill.settings import Settings
from imagemill.storage.open_storage import open_storage
from imagemill.telemetry.metrics import QUEUE_FAILURES
from imagemill.webhooks.names import Names
from imagemill.webhooks.vetting import Vetting

# In the order in which the documents show their routes.
ROOMS: Final = (
    uploads,
    jobs,
    explain,
    streams,
    downloads,
    links,
    deliveries,
    about,
    health,
    metrics,
)

DESCRIPTION = """
Takes an image, answers at once with a job, processes the image in the background and never loses
it. `POST /upload` an image, then read `GET /jobs/{id}`, which waits for the job's end when asked to
(`Prefer: wait=30`), follow its events, or name a `callback_url` that is told.
"""

# What every route may answer that asks who asks: PostgreSQL knows which keys there are.
ASKED_FOR: Final = problems(KeyRefused, TooManyRequests, DatabaseUnavailable)


def create_app(parts: Services) -> FastAPI:
    app = create_routes()
    app.state.parts = parts
    if parts.budgets is not None:
        app.add_middleware(RateLimitMiddleware, budgets=parts.budgets)
    return app


def create_routes() -> FastAPI:
    """Return the application with nothing to work with: enough for its OpenAPI document."""
    app = FastAPI(
        title="imagemill",
        summary="Durable image jobs over HTTP",
        description=DESCRIPTION,
        version=version("imagemill"),
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        swagger_ui_oauth2_redirect_url=None,
        generate_unique_id_function=operation_id,
        dependencies=[Depends(name_the_job)],
    )
    install_pages(app)
    routes = [*app.routes]
    for room in ROOMS:
        asked = None if room is health else ASKED_FOR
        app.include_router(room.router, responses=asked)
        routes += room.router.routes
    install_problem_handlers(app, routes)
    app.openapi = document(app)  # type: ignore[method-assign]  # FastAPI's documented way
    return app


@asynccontextmanager
async def open_parts(settings: Settings, *, allows_anonymous: bool) -> AsyncIterator[Services]:
    """Open everything that the routes work with.

    `allows_anonymous` lets anybody in while there is no API key.
    Raises PresetsError, StorageUnavailable, ImageProcessDidNotStart. PostgreSQL and Redis may be
    away.
    """
    presets = load_presets(settings.presets_file, settings.assets_dir)
    capabilities, level = await _prove_formats(settings)
    async with (  # closed in reverse order, whatever happens inside
        open_storage(settings.storage_url, settings.disk_reserve_bytes) as storage,
        Postgres.open(settings.postgres, settings.pg_pool_size) as postgres,
        JobQueue.open(settings.redis, on_failure=QUEUE_FAILURES.inc) as line,
        JobNotifications.open(settings.redis) as notifications,
        WaiterRegistry.open(Changes(postgres), notifications) as waiters,
    ):
        job_store = JobStore(postgres, publish=notifications.publish)
        yield Services(
            settings=settings,
            job_store=job_store,
            gauges=QueueGauges(postgres),
            scrapers=Scrapers(),
            line=line,
            storage=storage,
            presets=presets,
            capabilities=capabilities,
            sandbox=level,
            waiters=waiters,
            key_loader=ApiKeyLoader(ApiKeys(postgres)),
            link_secret=LinkSecret(postgres),
            allows_anonymous=allows_anonymous,
            admission=Admission(
                Backlog(job_store, settings.max_pending), Slots(settings.max_concurrent_uploads)
            ),
            budgets=RateLimiter(settings.rate, line) if settings.rate else None,
            vetting=Vetting(Names(MOST_LOOKUPS).addresses, settings.webhook_allow_private),
        )


async def _prove_formats(settings: Settings) -> tuple[Capabilities, ConfinementLevel]:
    """Let a child process decode a sample of every format; the gateway itself touches no pixel.

    Return what is proved, and how far the child was confined.
    """
    async with Sandbox.open(
        1, Limits.from_settings(settings), Confinement(settings.sandbox)
    ) as sandbox:
        return await sandbox.capabilities(), sandbox.level
