"""The API-Gateway as an ASGI application, and what it needs open to work."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from importlib.metadata import version
from typing import Final

from fastapi import Depends, FastAPI

from imagemill.gateway.access.link_secret import LinkSecret
from imagemill.gateway.access.reception import Reception
from imagemill.gateway.access.scrapers import Scrapers
from imagemill.gateway.bounds.admission import Admission
from imagemill.gateway.bounds.backlog import Backlog
from imagemill.gateway.bounds.budgets import Budgets
from imagemill.gateway.bounds.slots import Slots
from imagemill.gateway.bounds.throttle import Throttle
from imagemill.gateway.observing.gauges import LedgerGauges
from imagemill.gateway.observing.job_in_logs import name_the_job
from imagemill.gateway.openapi.document import document, operation_id
from imagemill.gateway.openapi.pages import install_pages
from imagemill.gateway.openapi.routing import problems
from imagemill.gateway.parts import Parts
from imagemill.gateway.problem import install_problem_handlers
from imagemill.gateway.refusals import KeyRefused, TooManyRequests
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
from imagemill.gateway.upload.callbacks import MOST_LOOKUPS
from imagemill.gateway.waiting.hub import Hub
from imagemill.imaging.confine.level import Level
from imagemill.imaging.presets import load_presets
from imagemill.imaging.sandbox import Capabilities, Confinement, Sandbox
from imagemill.jobs.api_keys import ApiKeys
from imagemill.jobs.changes import Changes
from imagemill.jobs.ledger import Ledger
from imagemill.jobs.line import Line
from imagemill.jobs.news import News
from imagemill.jobs.postgres import LedgerUnavailable, Postgres
from imagemill.limits import limits_of
from imagemill.settings import Settings
from imagemill.storage.volume import Volume
from imagemill.telemetry.metrics import LINE_FAILURES
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
ASKED_FOR: Final = problems(KeyRefused, TooManyRequests, LedgerUnavailable)


def create_app(parts: Parts) -> FastAPI:
    app = create_routes()
    app.state.parts = parts
    if parts.budgets is not None:
        app.add_middleware(Throttle, budgets=parts.budgets)
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
async def open_parts(settings: Settings, *, allows_anonymous: bool) -> AsyncIterator[Parts]:
    """Open everything that the routes work with.

    `allows_anonymous` lets anybody in while there is no API key.
    Raises PresetsError, StorageUnavailable, ChildDidNotStart. PostgreSQL and Redis may be away.
    """
    presets = load_presets(settings.presets_file, settings.assets_dir)
    capabilities, level = await _prove_formats(settings)
    async with (  # closed in reverse order, whatever happens inside
        aclosing(await Volume.open(settings.storage_root, settings.disk_reserve_bytes)) as storage,
        Postgres.open(settings.postgres, settings.pg_pool_size) as postgres,
        Line.open(settings.redis, failed=LINE_FAILURES.inc) as line,
        News.open(settings.redis) as news,
        Hub.open(Changes(postgres), news) as hub,
    ):
        ledger = Ledger(postgres, tell=news.tell)
        yield Parts(
            settings=settings,
            ledger=ledger,
            gauges=LedgerGauges(postgres),
            scrapers=Scrapers(),
            line=line,
            storage=storage,
            presets=presets,
            capabilities=capabilities,
            sandbox=level,
            hub=hub,
            reception=Reception(ApiKeys(postgres)),
            link_secret=LinkSecret(postgres),
            allows_anonymous=allows_anonymous,
            admission=Admission(
                Backlog(ledger, settings.max_pending), Slots(settings.max_concurrent_uploads)
            ),
            budgets=Budgets(settings.rate, line) if settings.rate else None,
            vetting=Vetting(Names(MOST_LOOKUPS).addresses, settings.webhook_allow_private),
        )


async def _prove_formats(settings: Settings) -> tuple[Capabilities, Level]:
    """Let a child process decode a sample of every format; the gateway itself touches no pixel.

    Return what is proved, and how far the child was confined.
    """
    async with Sandbox.open(1, limits_of(settings), Confinement(settings.sandbox)) as sandbox:
        return await sandbox.capabilities(), sandbox.level
