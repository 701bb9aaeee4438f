"""The disk below the storage: whether it can be written to, and how much more."""

import shutil
from typing import Final

from imagemill.blocking import off_loop
from imagemill.doctor.findings import Finding, bad, ok, unknown, warn
from imagemill.doctor.patient import Patient
from imagemill.storage.errors import StorageFull, StorageUnavailable, storage_errors
from imagemill.words import size

# Room for fewer of the largest uploads than this is a reason to wake somebody.
FEW_UPLOADS: Final = 20


async def examine(patient: Patient) -> list[Finding]:
    root = patient.settings.storage_root
    advice = f"Is {root} mounted and writable for this user? STORAGE_URL names it."
    try:
        await patient.storage.probe()
    except StorageFull:
        pass  # the room says so
    except StorageUnavailable as error:
        return [unknown("storage", str(error), advice)]
    with storage_errors():
        free = (await off_loop(shutil.disk_usage, root)).free
    return [ok("storage", f"{root} can be read and written."), _room(patient, free)]


def _room(patient: Patient, free: int) -> Finding:
    reserve, upload = patient.settings.disk_reserve_bytes, patient.settings.max_upload_bytes
    facts = {"free_bytes": free, "reserve_bytes": reserve}
    if free < reserve + upload:
        return bad(
            "room",
            f"{size(free)} free, {size(reserve)} of them reserved: uploads are refused.",
            "Make room, or set RETENTION_SECONDS. What lies in quarantine may be deleted by hand.",
            **facts,
        )
    if free < reserve + FEW_UPLOADS * upload:
        return warn(
            "room",
            f"{size(free)} free, {size(reserve)} of them reserved: soon uploads will be refused.",
            "Make room, or set RETENTION_SECONDS.",
            **facts,
        )
    return ok("room", f"{size(free)} free, {size(reserve)} of them reserved.", **facts)
