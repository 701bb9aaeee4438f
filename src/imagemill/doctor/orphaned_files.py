"""What lies in the storage and no row names: orphans, leftovers, and what is in quarantine."""

from typing import Final

from imagemill.doctor.context import DoctorContext
from imagemill.doctor.findings import Finding, bad, ok, warn
from imagemill.formatting import format_size, pluralize
from imagemill.maintenance.orphan_scan import find_referenced_keys

SHOWN: Final = 20

SET_ASIDE: Final = (
    "The workers' janitor does so every hour, `imagemill doctor --fix` at once: it moves them to"
    " quarantine."
)


async def examine(context: DoctorContext) -> list[Finding]:
    return [await _orphans(context), await _unfinished(context), await _quarantine(context)]


async def _orphans(context: DoctorContext) -> Finding:
    found = await context.janitor.find_orphans(await context.storage.now())
    keys = [unit.key for unit in found.orphans]
    facts = {"count": found.orphan_count, "of": found.units, "keys": keys[:SHOWN]}
    if not found.orphan_count:
        return ok("orphans", "Nothing that is a day old lacks its job.", **facts)
    if found.is_suspicious:
        return bad(
            "orphans",
            f"PostgreSQL knows nothing of {found.orphan_count:,} of"
            f" {pluralize(found.units, 'unit')}"
            " in the storage: no crash leaves so many.",
            "Was an older backup restored, or is this another mill's database? Nothing will be"
            " moved. If the ledger is right, move the folders inputs and outputs away by hand.",
            **facts,
        )
    return warn(
        "orphans",
        f"{pluralize(found.orphan_count, 'unit')} a day old or more without a job,"
        f" {await _size(context, keys)}.",
        SET_ASIDE,
        **facts,
    )


async def _unfinished(context: DoctorContext) -> Finding:
    units = await context.janitor.find_unfinished(await context.storage.now())
    keys = [unit.key for unit in units]
    if not keys:
        return ok("temporary files", "None is older than any work can take.", count=0)
    return warn(
        "temporary files",
        f"{pluralize(len(keys), 'leftover')} of work that was cut off,"
        f" {await _size(context, keys)}.",
        SET_ASIDE,
        count=len(keys),
        keys=keys[:SHOWN],
    )


async def _quarantine(context: DoctorContext) -> Finding:
    units = await context.storage.quarantine.list_units()
    if not units:
        return ok("quarantine", "Nothing is in quarantine.", count=0)
    job_ids = (unit.job_id for unit in units)
    referenced = await find_referenced_keys(context.job_files, job_ids)
    keys = [unit.key for unit in units if unit.key in referenced]
    present = await context.storage.sizes(keys)
    wanted = [key for key in keys if key not in present]
    bytes_ = await context.storage.quarantine.total_size(units)
    held = f"{pluralize(len(units), 'unit')} since {units[0].day}, {format_size(bytes_)}"
    facts = {"count": len(units), "bytes": bytes_, "wanted": wanted[:SHOWN]}
    if wanted:
        return bad(
            "quarantine",
            f"{held}; jobs name {len(wanted):,} of them.",
            "The workers' janitor brings these back within the hour, `imagemill doctor --fix` does"
            " at once.",
            **facts,
        )
    return ok("quarantine", f"{held}; each is deleted a week after it came.", **facts)


async def _size(context: DoctorContext, keys: list[str]) -> str:
    return format_size(sum((await context.storage.sizes(keys)).values()))
