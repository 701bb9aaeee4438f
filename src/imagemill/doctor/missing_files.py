"""The files that rows name: whether each is there, as it was recorded."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final, Literal

from imagemill.doctor.context import DoctorContext
from imagemill.doctor.findings import Finding, bad, ok
from imagemill.formatting import pluralize
from imagemill.jobs.job import JobId
from imagemill.jobs.job_files import JobFiles, StoredFile
from imagemill.storage.errors import FileMissing
from imagemill.storage.protocol import Storage

SHOWN: Final = 20

FROM_BACKUP: Final = (
    "Bring them back from a backup of the storage; where there is none, DELETE the jobs."
)

Kind = Literal["missing", "size", "sha256"]


@dataclass(frozen=True, slots=True)
class Fault:
    """A file that is not as its job's row says."""

    job_id: JobId
    key: str
    kind: Kind


async def examine(context: DoctorContext, *, deep: bool) -> list[Finding]:
    """Compare every file that a row names: its size, and when `deep`, its every byte."""
    jobs, faults = 0, list[Fault]()
    async for page in context.job_files.read_all():
        jobs += len(page)
        suspects = await _faults(context.storage, page, deep=deep)
        if suspects:  # the job may have been deleted while we looked
            there = {
                job.id for job in await context.job_files.find({one.job_id for one in suspects})
            }
            faults += [one for one in suspects if one.job_id in there]
    missing = [one for one in faults if one.kind == "missing"]
    changed = [one for one in faults if one.kind != "missing"]
    return [await _missing(context, jobs, missing), _changed(changed, deep=deep)]


async def _missing(context: DoctorContext, jobs: int, missing: list[Fault]) -> Finding:
    if not missing:
        return ok("missing files", f"Every file of {pluralize(jobs, 'job')} is there.", count=0)
    quarantined = {unit.key for unit in await context.storage.quarantine.list_units()}
    away = [one for one in missing if {one.key, _folder(one.key)} & quarantined]
    sentence = f"{pluralize(len(missing), 'file')} that a job's row names and that is not there"
    facts = {"count": len(missing), "in_quarantine": len(away), "keys": _shown(missing)}
    if away:
        advice = "`imagemill doctor --fix` brings back what is in quarantine."
        return bad("missing files", f"{sentence}; {len(away):,} in quarantine.", advice, **facts)
    return bad("missing files", f"{sentence}.", FROM_BACKUP, **facts)


def _changed(changed: list[Fault], *, deep: bool) -> Finding:
    if not changed:
        sure = "byte by byte" if deep else "in size; --deep reads every byte"
        return ok("changed files", f"All files are as they were recorded, {sure}.", count=0)
    return bad(
        "changed files",
        f"{pluralize(len(changed), 'file')} not as recorded: another size, or other bytes.",
        f"Did a disk fail, or somebody write to the storage? {FROM_BACKUP}",
        count=len(changed),
        keys=_shown(changed),
    )


async def _faults(storage: Storage, jobs: Iterable[JobFiles], *, deep: bool) -> list[Fault]:
    files = [(job.id, stored) for job in jobs for stored in (job.input, *job.outputs)]
    sizes = await storage.sizes([stored.key for _, stored in files])
    return [
        Fault(job_id, stored.key, kind)
        for job_id, stored in files
        if (kind := await _fault(storage, stored, sizes.get(stored.key), deep=deep))
    ]


async def _fault(
    storage: Storage, stored: StoredFile, size: int | None, *, deep: bool
) -> Kind | None:
    if size is None:
        return "missing"
    if size != stored.bytes:
        return "size"
    if not deep:
        return None
    digest = hashlib.sha256()
    try:
        async for chunk in storage.read_range(stored.key, 0, size):
            digest.update(chunk)
    except FileMissing:
        return "missing"
    return None if digest.hexdigest() == stored.sha256 else "sha256"


def _folder(key: str) -> str:
    return PurePosixPath(key).parent.as_posix()


def _shown(faults: list[Fault]) -> list[str]:
    return [one.key for one in faults[:SHOWN]]
