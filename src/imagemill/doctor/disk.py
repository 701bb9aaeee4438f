"""Checks of the storage: whether it can be written, and how much space is free."""

from typing import Final

from imagemill.doctor.context import DoctorContext
from imagemill.doctor.findings import Finding, bad, ok, unknown, warn
from imagemill.formatting import format_size
from imagemill.storage.errors import StorageFull, StorageNotWritable, StorageUnavailable
from imagemill.storage.open_storage import require_permission

# Free space for fewer uploads of the maximum size is a warning.
MIN_UPLOADS: Final = 20


async def check(context: DoctorContext) -> list[Finding]:
    url = context.settings.storage_url
    advice = f"Is {url} (STORAGE_URL) mounted, and writable for this user?"
    try:
        require_permission(url)
        await context.storage.probe()
    except StorageNotWritable as error:
        return [unknown("storage", f"{error.problem}.", f"As an administrator: `{error.command}`")]
    except StorageFull:
        pass  # the finding on the free space says so
    except StorageUnavailable as error:
        return [unknown("storage", str(error), advice)]
    usable = ok("storage", f"{url} can be read and written.")
    free = await context.storage.free_bytes()
    return [usable] if free is None else [usable, _free_space(context, free)]


def _free_space(context: DoctorContext, free: int) -> Finding:
    reserve, upload = context.settings.disk_reserve_bytes, context.settings.max_upload_bytes
    facts = {"free_bytes": free, "reserve_bytes": reserve}
    if free < reserve + upload:
        return bad(
            "free space",
            f"{format_size(free)} free, {format_size(reserve)} of them reserved:"
            " uploads are rejected.",
            "Free some space, or set RETENTION_SECONDS. Files in quarantine may be deleted.",
            **facts,
        )
    if free < reserve + MIN_UPLOADS * upload:
        return warn(
            "free space",
            f"{format_size(free)} free, {format_size(reserve)} of them reserved:"
            " uploads will soon be rejected.",
            "Free some space, or set RETENTION_SECONDS.",
            **facts,
        )
    return ok(
        "free space", f"{format_size(free)} free, {format_size(reserve)} of them reserved.", **facts
    )
