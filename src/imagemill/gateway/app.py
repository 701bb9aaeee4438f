"""The ASGI application of the API-Gateway, and the services that it opens."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Final

from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute
from starlette.types import ASGIApp

from imagemill.auth.api_keys import ApiKeys
from imagemill.auth.errors import InsufficientScope, KeyRefused
from imagemill.auth.key_loader import ApiKeyLoader
from imagemill.auth.link_secret import LinkSecret
from imagemill.field_errors import InvalidFields
from imagemill.gateway.auth.browser_guard import BrowserGuard, GuardedApp
from imagemill.gateway.auth.scraper_cache import ScraperCache
from imagemill.gateway.direct_routes import DirectRoutes
from imagemill.gateway.errors import MalformedRequest, MisdirectedRequest, TooManyRequests
from imagemill.gateway.json_response import JsonResponse
from imagemill.gateway.limits.pending_job_limiter import PendingJobLimiter
from imagemill.gateway.limits.rate_limit_middleware import RateLimitMiddleware
from imagemill.gateway.limits.rate_limiter import RateLimiter
from imagemill.gateway.limits.upload_limiter import UploadLimiter
from imagemill.gateway.observability.log_context import bind_job_id
from imagemill.gateway.observability.observed_app import ObservedApp
from imagemill.gateway.observability.queue_gauges import QueueGauges
from imagemill.gateway.observability.storage_gauges import StorageGauges
from imagemill.gateway.openapi.document import complete_document, operation_id
from imagemill.gateway.openapi.pages import install_pages
from imagemill.gateway.openapi.routing import problems
from imagemill.gateway.page.routes import install_page
from imagemill.gateway.problem import install_problem_handlers
from imagemill.gateway.query_parameters import require_known_query
from imagemill.gateway.root_path import ForwardedApp
from imagemill.gateway.routes import (
    about,
    deliveries,
    downloads,
    health,
    jobs,
    links,
    metrics,
    streams,
    uploads,
    workers,
)
from imagemill.gateway.services import Services
from imagemill.gateway.upload.checks import MAX_DNS_LOOKUPS
from imagemill.gateway.upload.fields_parser import FieldsParser
from imagemill.gateway.waiting.waiter_registry import WaiterRegistry
from imagemill.imaging.limits import Limits
from imagemill.imaging.sandbox.confine.level import ConfinementLevel
from imagemill.imaging.sandbox.sandbox import Capabilities, Confinement, Sandbox
from imagemill.imaging.spec.fonts import check_fonts
from imagemill.imaging.spec.presets import load_presets
from imagemill.jobs.changes import Changes
from imagemill.jobs.store import JobStore
from imagemill.postgres.pool import DatabaseUnavailable, Postgres
from imagemill.redis.notifications import JobNotifications
from imagemill.redis.queue import JobQueue
from imagemill.settings import Settings
from imagemill.storage.open_storage import open_storage
from imagemill.telemetry.metrics import QUEUE_FAILURES
from imagemill.webhooks.resolver import Resolver
from imagemill.webhooks.vetting import Vetting

# In the order in which the API documents show them.
ROUTE_MODULES: Final = (
    uploads,
    jobs,
    streams,
    downloads,
    links,
    deliveries,
    about,
    health,
    workers,
    metrics,
)

DESCRIPTION = """
Durable image jobs: an upload is answered at once with a job, which is processed in the background
and never lost. `POST /upload` an image, then read `GET /jobs/{id}`, which can wait until the job
has ended (`Prefer: wait=30`), follow the job's events, or give a `callback_url` for a webhook.
"""

# Problems of every route: its Host (auth/browser_guard.py) and its query may be wrong.
COMMON_PROBLEMS: Final = problems(MalformedRequest, MisdirectedRequest, InvalidFields)
# Problems of every authenticated route: API keys are in PostgreSQL.
AUTHENTICATION_PROBLEMS: Final = problems(
    KeyRefused, InsufficientScope, TooManyRequests, DatabaseUnavailable
)


# Those that are called for every job, some of them again and again.
DIRECT: Final = (uploads.upload, jobs.read_job, downloads.read_output)


def create_app(services: Services) -> ASGIApp:
    routes = create_routes()
    routes.state.services = services
    direct = [
        route
        for module in ROUTE_MODULES
        for route in module.router.routes
        if isinstance(route, APIRoute) and route.endpoint in DIRECT
    ]
    app: ASGIApp = DirectRoutes(routes, services, direct)
    if services.rate_limiter is not None:
        app = RateLimitMiddleware(app, services.rate_limiter)
    settings = services.settings
    return ForwardedApp(
        ObservedApp(GuardedApp(app, services.browser_guard)),
        settings.forwarded_allow_ips,
        settings.root_path,
    )


def create_routes() -> FastAPI:
    """Return the application without services: enough for its OpenAPI document."""
    app = FastAPI(
        title="imagemill",
        summary="Durable image jobs over HTTP",
        description=DESCRIPTION,
        version=version("imagemill"),
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        swagger_ui_oauth2_redirect_url=None,
        generate_unique_id_function=operation_id,
        default_response_class=JsonResponse,
        dependencies=[Depends(bind_job_id)],
    )
    install_pages(app)
    install_page(app)
    routes = [*app.routes]
    for module in ROUTE_MODULES:
        if module is health:
            app.include_router(
                module.router,
                dependencies=[Depends(require_known_query)],
                responses=COMMON_PROBLEMS,
            )
        else:
            app.include_router(module.router, responses=COMMON_PROBLEMS | AUTHENTICATION_PROBLEMS)
        routes += module.router.routes
    install_problem_handlers(app, routes)
    app.openapi = complete_document(app)  # type: ignore[method-assign]  # FastAPI's documented way
    return app


@asynccontextmanager
async def open_services(settings: Settings, *, is_local: bool) -> AsyncIterator[Services]:
    """Open the services that routes work with, and close them in reverse order.

    `is_local`: the gateway listens on loopback addresses only.
    Raises FontError, PresetsError, StorageUnavailable, ImageProcessDidNotStart. PostgreSQL and
    Redis may be unavailable.
    """
    check_fonts(settings.assets_dir)
    presets = load_presets(settings.presets_file, settings.assets_dir)
    capabilities, confinement = await _probe_formats(settings)
    async with (
        open_storage(settings.storage_url, settings.disk_reserve_bytes) as storage,
        Postgres.open(settings.postgres, settings.pg_pool_size) as postgres,
        JobQueue.open(settings.redis, on_failure=QUEUE_FAILURES.inc) as queue,
        JobNotifications.open(settings.redis) as notifications,
        WaiterRegistry.open(Changes(postgres), notifications) as waiters,
    ):
        job_store = JobStore(postgres, publish=notifications.publish)
        key_loader = ApiKeyLoader(ApiKeys(postgres))
        yield Services(
            settings=settings,
            job_store=job_store,
            queue=queue,
            storage=storage,
            presets=presets,
            capabilities=capabilities,
            confinement=confinement,
            waiters=waiters,
            key_loader=key_loader,
            link_secret=LinkSecret(postgres),
            browser_guard=BrowserGuard(key_loader, settings.allowed_hosts, is_local),
            # Decided once: if the keys are removed from the table later, anonymous requests stay
            # refused.
            allows_anonymous=settings.allow_anonymous or is_local,
            pending_job_limiter=PendingJobLimiter(job_store, settings.max_pending),
            upload_limiter=UploadLimiter(settings.max_concurrent_uploads),
            rate_limiter=RateLimiter(settings.rate, queue) if settings.rate else None,
            vetting=Vetting(Resolver(MAX_DNS_LOOKUPS).resolve, settings.webhook_allow_private),
            queue_gauges=QueueGauges(postgres),
            storage_gauges=StorageGauges(storage),
            scraper_cache=ScraperCache(),
            fields_parser=FieldsParser(presets),
        )


async def _probe_formats(settings: Settings) -> tuple[Capabilities, ConfinementLevel]:
    """Return the formats that an image process can decode and encode, and its confinement.

    The gateway itself never decodes an image.
    """
    async with Sandbox.open(
        1, Limits.from_settings(settings), Confinement(settings.sandbox)
    ) as sandbox:
        return await sandbox.capabilities(), sandbox.level
