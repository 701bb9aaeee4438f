"""The API-Gateway as an ASGI application, and what it needs open to work."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta
from importlib.metadata import version

from fastapi import FastAPI

from imagemill.gateway import about, downloads, health, jobs, uploads
from imagemill.gateway.document import document, operation_id
from imagemill.gateway.pages import install_pages
from imagemill.gateway.parts import Parts
from imagemill.gateway.problem import install_problem_handlers
from imagemill.imaging.confine.level import Level
from imagemill.imaging.presets import load_presets
from imagemill.imaging.rendered import Limits
from imagemill.imaging.sandbox import Capabilities, Confinement, Sandbox
from imagemill.jobs.ledger import Ledger
from imagemill.jobs.line import Line
from imagemill.jobs.postgres import Postgres
from imagemill.settings import Settings
from imagemill.storage.volume import Volume

# In the order in which the documents show their routes.
ROOMS = (uploads, jobs, downloads, about, health)

DESCRIPTION = """
Takes an image, answers at once with a job, processes the image in the background and never loses
it. `POST /upload` an image, then read `GET /jobs/{id}` until its status is COMPLETED.
"""


def create_app(parts: Parts) -> FastAPI:
    app = create_routes()
    app.state.parts = parts
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
    )
    install_pages(app)
    routes = [*app.routes]
    for room in ROOMS:
        app.include_router(room.router)
        routes += room.router.routes
    install_problem_handlers(app, routes)
    app.openapi = document(app)  # type: ignore[method-assign]  # FastAPI's documented way
    return app


@asynccontextmanager
async def open_parts(settings: Settings) -> AsyncIterator[Parts]:
    """Open everything that the routes work with.

    Raises PresetsError, StorageUnavailable, ChildDidNotStart. PostgreSQL and Redis may be away.
    """
    presets = load_presets(settings.presets_file, settings.assets_dir)
    capabilities, level = await _prove_formats(settings)
    async with (  # closed in reverse order, whatever happens inside
        aclosing(await Volume.open(settings.storage_root, settings.disk_reserve_bytes)) as storage,
        Postgres.open(settings.postgres, settings.pg_pool_size) as postgres,
        Line.open(settings.redis) as line,
    ):
        yield Parts(settings, Ledger(postgres), line, storage, presets, capabilities, level)


async def _prove_formats(settings: Settings) -> tuple[Capabilities, Level]:
    """Let a child process decode a sample of every format; the gateway itself touches no pixel.

    Return what is proved, and how far the child was confined.
    """
    limits = Limits(
        max_pixels=settings.max_pixels,
        max_frames=settings.max_frames,
        timeout=timedelta(seconds=settings.job_timeout_seconds),
        memory_bytes=settings.child_memory_bytes,
    )
    async with Sandbox.open(1, limits, Confinement(settings.sandbox)) as sandbox:
        return await sandbox.capabilities(), sandbox.level
