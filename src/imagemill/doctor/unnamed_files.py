"""What lies in the storage and no row names: orphans, leftovers, and what is in quarantine."""

from typing import Final

from imagemill.blocking import off_loop
from imagemill.doctor.findings import Finding, bad, ok, warn
from imagemill.doctor.patient import Patient
from imagemill.storage.units import size_of
from imagemill.words import amount, size
from imagemill.worker.survey import owned_keys

SHOWN: Final = 20

SET_ASIDE: Final = (
    "The workers' janitor does so every hour, `imagemill doctor --fix` at once: it moves them to"
    " quarantine."
)


async def examine(patient: Patient) -> list[Finding]:
    return [await _orphans(patient), await _unfinished(patient), await _quarantine(patient)]


async def _orphans(patient: Patient) -> Finding:
    found = await patient.janitor.look_for_orphans(await patient.storage.now())
    keys = [unit.key for unit in found.orphans]
    facts = {"count": found.orphan_count, "of": found.units, "keys": keys[:SHOWN]}
    if not found.orphan_count:
        return ok("orphans", "Nothing that is a day old lacks its job.", **facts)
    if found.is_suspicious:
        return bad(
            "orphans",
            f"The ledger knows nothing of {found.orphan_count:,} of {amount(found.units, 'unit')}"
            " in the storage: no crash leaves so many.",
            "Was an older backup restored, or is this another mill's database? Nothing will be"
            " moved. If the ledger is right, move the folders inputs and outputs away by hand.",
            **facts,
        )
    return warn(
        "orphans",
        f"{amount(found.orphan_count, 'unit')} a day old or more without a job,"
        f" {await _size(patient, keys)}.",
        SET_ASIDE,
        **facts,
    )


async def _unfinished(patient: Patient) -> Finding:
    units = await patient.janitor.look_for_unfinished(await patient.storage.now())
    keys = [unit.key for unit in units]
    if not keys:
        return ok("temporary files", "None is older than any work can take.", count=0)
    return warn(
        "temporary files",
        f"{amount(len(keys), 'leftover')} of work that was cut off, {await _size(patient, keys)}.",
        SET_ASIDE,
        count=len(keys),
        keys=keys[:SHOWN],
    )


async def _quarantine(patient: Patient) -> Finding:
    detained = await patient.quarantine.detained()
    if not detained:
        return ok("quarantine", "Nothing is in quarantine.", count=0)
    owned = await owned_keys(patient.inventory, (unit.job_id for unit in detained))
    wanted = [
        unit.key
        for unit in detained
        if unit.key in owned and not patient.storage.path(unit.key).exists()
    ]
    bytes_ = sum([await off_loop(size_of, patient.quarantine.path(unit)) for unit in detained])
    held = f"{amount(len(detained), 'unit')} since {detained[0].day}, {size(bytes_)}"
    facts = {"count": len(detained), "bytes": bytes_, "wanted": wanted[:SHOWN]}
    if wanted:
        return bad(
            "quarantine",
            f"{held}; jobs name {len(wanted):,} of them.",
            "The workers' janitor brings these back within the hour, `imagemill doctor --fix` does"
            " at once.",
            **facts,
        )
    return ok("quarantine", f"{held}; each is deleted a week after it came.", **facts)


async def _size(patient: Patient, keys: list[str]) -> str:
    return size(sum([await off_loop(size_of, patient.storage.path(key)) for key in keys]))
