"""What image processes may use, by the settings: the same in gateway, worker and doctor."""

from datetime import timedelta

from imagemill.imaging.limits import Limits
from imagemill.settings import Settings


def limits_of(settings: Settings) -> Limits:
    return Limits(
        max_pixels=settings.max_pixels,
        max_frames=settings.max_frames,
        timeout=timedelta(seconds=settings.job_timeout_seconds),
        memory_bytes=settings.child_memory_bytes,
        assets=settings.assets_dir,
    )
