"""The disk below the storage: whether it can be written to, and how much more."""

from typing import Final

from imagemill.doctor.context import DoctorContext
from imagemill.doctor.findings import Finding, bad, ok, unknown, warn
from imagemill.formatting import format_size
from imagemill.storage.errors import StorageFull, StorageUnavailable

# Room for fewer of the largest uploads than this is a reason to wake somebody.
FEW_UPLOADS: Final = 20


async def examine(context: DoctorContext) -> list[Finding]:
    url = context.settings.storage_url
    advice = f"Is {url} mounted and writable for this user? STORAGE_URL names it."
    try:
        await context.storage.probe()
    except StorageFull:
        pass  # the room says so
    except StorageUnavailable as error:
        return [unknown("storage", str(error), advice)]
    works = ok("storage", f"{url} can be read and written.")
    free = await context.storage.free_bytes()
    return [works] if free is None else [works, _room(context, free)]


def _room(context: DoctorContext, free: int) -> Finding:
    reserve, upload = context.settings.disk_reserve_bytes, context.settings.max_upload_bytes
    facts = {"free_bytes": free, "reserve_bytes": reserve}
    if free < reserve + upload:
        return bad(
            "room",
            f"{format_size(free)} free, {format_size(reserve)} of them reserved:"
            " uploads are refused.",
            "Make room, or set RETENTION_SECONDS. What lies in quarantine may be deleted by hand.",
            **facts,
        )
    if free < reserve + FEW_UPLOADS * upload:
        return warn(
            "room",
            f"{format_size(free)} free, {format_size(reserve)} of them reserved:"
            " soon uploads will be refused.",
            "Make room, or set RETENTION_SECONDS.",
            **facts,
        )
    return ok(
        "room", f"{format_size(free)} free, {format_size(reserve)} of them reserved.", **facts
    )
