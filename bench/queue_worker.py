"""A worker whose attempts return at once: claims, results, logs and metrics without any pixels.

    python -m bench.queue_worker      the environment as for `imagemill worker`

All else is the worker that `imagemill worker` runs.
"""

import asyncio
import signal
from datetime import timedelta

from imagemill.image_files import InputImage, OutputFile
from imagemill.imaging.sandbox.confine.level import ConfinementLevel
from imagemill.jobs.job import Claim, Completed
from imagemill.postgres.pool import Postgres
from imagemill.redis.notifications import JobNotifications
from imagemill.redis.queue import JobQueue
from imagemill.settings import Settings, read_settings
from imagemill.storage.keys import attempt_key
from imagemill.storage.open_storage import open_storage
from imagemill.telemetry.logs import configure_logs
from imagemill.worker.build import Connections, build_worker
from imagemill.worker.liveness import Liveness
from imagemill.worker.metrics import init_metrics


async def complete(claim: Claim) -> Completed:
    """Return the result that an attempt at a small picture has."""
    path = f"{attempt_key(claim.id, claim.fence)}/image.jpg"
    output = OutputFile("image", path, "image/jpeg", 5000, 160, 130, 1, "cd" * 32)
    return Completed(claim, InputImage(320, 261, 1), (output,))


async def discard(_: Claim) -> None:
    """Delete nothing: no file was written."""


async def run(settings: Settings) -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    init_metrics()
    async with (
        open_storage(settings.storage_url, settings.disk_reserve_bytes) as storage,
        Postgres.open(settings.postgres, settings.pg_pool_size) as postgres,
        JobQueue.open(settings.redis) as queue,
        JobNotifications.open(settings.redis) as notifications,
    ):
        connections = Connections(postgres, queue, notifications, storage)
        level = ConfinementLevel("off", ())  # there is no image process
        worker = build_worker(settings, connections, Liveness(), level, complete, discard)
        await worker.run(stopping, timedelta(seconds=settings.shutdown_grace_seconds))


if __name__ == "__main__":
    settings = read_settings()
    configure_logs(settings.log_level, settings.log_format)
    asyncio.run(run(settings))
