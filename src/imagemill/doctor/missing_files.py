"""Checks of the files that jobs reference: whether each exists, as it was recorded."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final, Literal

from imagemill.doctor.context import DoctorContext
from imagemill.doctor.findings import MAX_LISTED, Finding, bad, ok
from imagemill.formatting import pluralize
from imagemill.jobs.job import JobId
from imagemill.jobs.job_files import JobFiles, StoredFile
from imagemill.storage.digests import read_sha256
from imagemill.storage.errors import FileMissing
from imagemill.storage.protocol import Storage

RESTORE: Final = "Restore them from a backup of the storage; without one, DELETE the jobs."

FaultKind = Literal["missing", "size", "sha256"]


@dataclass(frozen=True, slots=True)
class Fault:
    """A file that differs from what its job's row says."""

    job_id: JobId
    key: str
    kind: FaultKind


async def check(context: DoctorContext, *, deep: bool) -> list[Finding]:
    """Compare every file that a row references: its size and, if `deep`, every byte."""
    jobs, faults = 0, list[Fault]()
    async for page in context.job_files.read_all():
        jobs += len(page)
        candidates = await _find_faults(context.storage, page, deep=deep)
        if candidates:  # the job may have been deleted meanwhile
            existing = {
                job.id for job in await context.job_files.find({one.job_id for one in candidates})
            }
            faults += [one for one in candidates if one.job_id in existing]
    missing = [one for one in faults if one.kind == "missing"]
    changed = [one for one in faults if one.kind != "missing"]
    return [await _report_missing(context, jobs, missing), _report_changed(changed, deep=deep)]


async def _report_missing(context: DoctorContext, jobs: int, missing: list[Fault]) -> Finding:
    if not missing:
        return ok("missing files", f"All files of {pluralize(jobs, 'job')} exist.", count=0)
    quarantined = {unit.key for unit in await context.storage.quarantine.list_units()}
    restorable = [one for one in missing if {one.key, _folder(one.key)} & quarantined]
    sentence = f"{pluralize(len(missing), 'file')} missing that jobs reference"
    facts = {"count": len(missing), "in_quarantine": len(restorable), "keys": _first_keys(missing)}
    if restorable:
        advice = "`imagemill doctor --fix` restores what is in quarantine."
        return bad(
            "missing files", f"{sentence}; {len(restorable):,} in quarantine.", advice, **facts
        )
    return bad("missing files", f"{sentence}.", RESTORE, **facts)


def _report_changed(changed: list[Fault], *, deep: bool) -> Finding:
    if not changed:
        compared = "byte by byte" if deep else "by size; --deep compares every byte"
        return ok("changed files", f"No file has changed, compared {compared}.", count=0)
    return bad(
        "changed files",
        f"{pluralize(len(changed), 'file')} with another size or other bytes than recorded.",
        f"Did a disk fail, or did another program write to the storage? {RESTORE}",
        count=len(changed),
        keys=_first_keys(changed),
    )


async def _find_faults(storage: Storage, jobs: Iterable[JobFiles], *, deep: bool) -> list[Fault]:
    files = [(job.id, stored) for job in jobs for stored in (job.input, *job.outputs)]
    sizes = await storage.sizes([stored.key for _, stored in files])
    return [
        Fault(job_id, stored.key, kind)
        for job_id, stored in files
        if (kind := await _find_fault(storage, stored, sizes.get(stored.key), deep=deep))
    ]


async def _find_fault(
    storage: Storage, stored: StoredFile, size: int | None, *, deep: bool
) -> FaultKind | None:
    if size is None:
        return "missing"
    if size != stored.bytes:
        return "size"
    if not deep:
        return None
    try:
        sha256 = await read_sha256(storage, stored.key, size)
    except FileMissing:
        return "missing"
    return None if sha256 == stored.sha256 else "sha256"


def _folder(key: str) -> str:
    return PurePosixPath(key).parent.as_posix()


def _first_keys(faults: list[Fault]) -> list[str]:
    return [one.key for one in faults[:MAX_LISTED]]
