"""Checks of files that no job references: orphans, unfinished files, and the quarantine."""

from typing import Final

from imagemill.doctor.context import DoctorContext
from imagemill.doctor.findings import MAX_LISTED, Finding, bad, ok, warn
from imagemill.formatting import format_size, pluralize
from imagemill.maintenance.orphan_scan import find_referenced_keys

MOVED_HOURLY: Final = (
    "Workers move them to quarantine every hour, `imagemill doctor --fix` does so at once."
)


async def check(context: DoctorContext) -> list[Finding]:
    return [
        await _check_orphans(context),
        await _check_unfinished(context),
        await _check_quarantine(context),
    ]


async def _check_orphans(context: DoctorContext) -> Finding:
    found = await context.janitor.find_orphans(await context.storage.now())
    keys = [unit.key for unit in found.orphans]
    facts = {"count": found.orphan_count, "of": found.units, "keys": keys[:MAX_LISTED]}
    if not found.orphan_count:
        return ok("orphans", "Everything that is a day old or more belongs to a job.", **facts)
    if found.is_suspicious:
        return bad(
            "orphans",
            f"No job references {found.orphan_count:,} of {pluralize(found.units, 'unit')} in the"
            " storage: crashes do not leave so many.",
            "Was an older backup restored, or is this the database of another installation? Nothing"
            " will be moved. If the database is right, move the folders inputs and outputs away by"
            " hand.",
            **facts,
        )
    return warn(
        "orphans",
        f"{pluralize(found.orphan_count, 'unit')} without a job, a day old or more,"
        f" {await _format_total_size(context, keys)}.",
        MOVED_HOURLY,
        **facts,
    )


async def _check_unfinished(context: DoctorContext) -> Finding:
    units = await context.janitor.find_unfinished(await context.storage.now())
    keys = [unit.key for unit in units]
    if not keys:
        return ok(
            "temporary files", "None is older than an upload or an attempt can last.", count=0
        )
    return warn(
        "temporary files",
        f"{pluralize(len(keys), 'unit')} of interrupted uploads and attempts,"
        f" {await _format_total_size(context, keys)}.",
        MOVED_HOURLY,
        count=len(keys),
        keys=keys[:MAX_LISTED],
    )


async def _check_quarantine(context: DoctorContext) -> Finding:
    units = await context.storage.quarantine.list_units()
    if not units:
        return ok("quarantine", "Nothing is in quarantine.", count=0)
    job_ids = (unit.job_id for unit in units)
    referenced = await find_referenced_keys(context.job_files, job_ids)
    keys = [unit.key for unit in units if unit.key in referenced]
    present = await context.storage.sizes(keys)
    wanted = [key for key in keys if key not in present]
    bytes_ = await context.storage.quarantine.total_size(units)
    size = f"{pluralize(len(units), 'unit')} since {units[0].day}, {format_size(bytes_)}"
    facts = {"count": len(units), "bytes": bytes_, "wanted": wanted[:MAX_LISTED]}
    if wanted:
        return bad(
            "quarantine",
            f"{size}; jobs reference {len(wanted):,} of them.",
            "Workers restore these every hour, `imagemill doctor --fix` does so at once.",
            **facts,
        )
    return ok("quarantine", f"{size}; each is deleted after a week.", **facts)


async def _format_total_size(context: DoctorContext, keys: list[str]) -> str:
    return format_size(sum((await context.storage.sizes(keys)).values()))
