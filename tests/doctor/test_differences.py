"""Each difference between ledger, line and storage is found, told in words, and mended."""

import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from imagemill.doctor import jobs as job_store
from imagemill.doctor import missing_files as named_files
from imagemill.doctor import orphaned_files as unnamed_files
from imagemill.doctor import queue as line
from imagemill.doctor.context import DoctorContext
from imagemill.doctor.findings import Finding, Verdict
from imagemill.doctor.fixes import apply_fixes
from imagemill.jobs.ids import new_job_id
from imagemill.jobs.job import Priority, Status
from imagemill.maintenance import orphan_scan
from imagemill.redis.queue import KEYS
from imagemill.storage.keys import input_key
from support.stored_jobs import DAY, store_output, write_file

from .saboteur import Saboteur

HOUR = timedelta(hours=1)


async def found(context: DoctorContext, *, deep: bool = False) -> dict[str, Finding]:
    """Return what is said of jobs and files, by its subject."""
    findings = [
        *await job_store.examine(context),
        *await line.examine(context),
        *await named_files.examine(context, deep=deep),
        *await unnamed_files.examine(context),
    ]
    return {finding.subject: finding for finding in findings}


def amiss(findings: dict[str, Finding]) -> dict[str, Verdict]:
    return {
        subject: finding.verdict
        for subject, finding in findings.items()
        if finding.verdict is not Verdict.OK
    }


async def a_job_that_nobody_takes(saboteur: Saboteur) -> None:
    await saboteur.waiting()
    saboteur.database.execute(
        "UPDATE jobs SET run_at = now() - interval '3 hours' WHERE status = 'PENDING'"
    )


async def a_job_that_the_line_forgot(saboteur: Saboteur) -> None:
    await a_job_that_nobody_takes(saboteur)
    await saboteur.claimed()  # by a worker that lives


async def a_job_of_a_dead_worker(saboteur: Saboteur) -> None:
    await saboteur.claimed()
    saboteur.database.execute(
        "UPDATE jobs SET lease_expires_at = now() - interval '1 hour' WHERE status = 'PROCESSING'"
    )


async def files_that_nobody_removed(saboteur: Saboteur) -> None:
    job = await saboteur.completed()
    await saboteur.job_store.delete(job.id)
    saboteur.database.execute(
        "UPDATE file_deletions SET deleted_at = now() - interval '10 minutes', due_at = now()"
    )
    await saboteur.storage.delete(job.input_path, *(output.path for output in job.outputs))


async def a_webhook_that_nobody_sends(saboteur: Saboteur) -> None:
    job = await saboteur.waiting()
    saboteur.database.execute("UPDATE jobs SET callback_url = 'http://receiver.example/'")
    await saboteur.job_store.cancel(job.id)
    saboteur.database.execute("UPDATE deliveries SET next_try_at = now() - interval '10 minutes'")


async def an_input_that_is_gone(saboteur: Saboteur) -> None:
    (saboteur.root / (await saboteur.waiting()).input_path).unlink()


async def an_output_that_is_gone(saboteur: Saboteur) -> None:
    saboteur.output(await saboteur.completed()).unlink()


async def an_output_that_was_cut_short(saboteur: Saboteur) -> None:
    os.truncate(saboteur.output(await saboteur.completed()), 3)


async def an_input_without_a_row(saboteur: Saboteur) -> None:
    write_file(saboteur.root / input_key(new_job_id(), ".jpg"), b"x" * 2048)


async def outputs_of_a_lost_attempt(saboteur: Saboteur) -> None:
    claim = await saboteur.claimed()
    store_output(saboteur.root, claim)
    await saboteur.leases.release([claim])


async def an_upload_that_was_cut_off(saboteur: Saboteur) -> None:
    write_file(saboteur.root / "tmp" / f"{uuid4()}.part")


async def an_input_in_quarantine(saboteur: Saboteur) -> None:
    job = await saboteur.waiting()
    now = await saboteur.storage.now()
    await saboteur.storage.quarantine.add([job.input_path], now.date())


async def a_ledger_that_knows_no_file(saboteur: Saboteur) -> None:
    for _ in range(orphan_scan.MAX_PLAUSIBLE_ORPHANS + 1):
        await an_input_without_a_row(saboteur)


Spoil = Callable[[Saboteur], Awaitable[None]]

DIFFERENCES: list[tuple[Spoil, dict[str, Verdict], str]] = [
    (
        a_job_that_nobody_takes,
        {"waiting jobs": Verdict.BAD},
        "1 job due for up to 3 hours, and no worker took any ever.",
    ),
    (
        a_job_that_the_line_forgot,
        {"waiting jobs": Verdict.WARN},
        "the line forgot 1 of them",
    ),
    (
        a_job_of_a_dead_worker,
        {"leases": Verdict.BAD},
        "1 job held by workers that went silent, for up to 60 minutes",
    ),
    (
        files_that_nobody_removed,
        {"deleted jobs": Verdict.WARN},
        "1 deleted job whose files have not been removed for up to 10 minutes.",
    ),
    (
        a_webhook_that_nobody_sends,
        {"webhooks": Verdict.WARN},
        "1 webhook due for up to 10 minutes",
    ),
    (
        an_input_that_is_gone,
        {"missing files": Verdict.BAD},
        "1 file that a job's row names and that is not there.",
    ),
    (
        an_output_that_is_gone,
        {"missing files": Verdict.BAD},
        "1 file that a job's row names and that is not there.",
    ),
    (
        an_output_that_was_cut_short,
        {"changed files": Verdict.BAD},
        "1 file not as recorded",
    ),
    (
        an_input_without_a_row,
        {"orphans": Verdict.WARN},
        "1 unit a day old or more without a job, 2.0 KiB.",
    ),
    (
        outputs_of_a_lost_attempt,
        {"orphans": Verdict.WARN},
        "1 unit a day old or more without a job, 9 bytes.",
    ),
    (
        an_upload_that_was_cut_off,
        {"temporary files": Verdict.WARN},
        "1 leftover of work that was cut off, 7 bytes.",
    ),
    (
        an_input_in_quarantine,
        {"missing files": Verdict.BAD, "quarantine": Verdict.BAD},
        "not there; 1 in quarantine.",
    ),
    (
        a_ledger_that_knows_no_file,
        {"orphans": Verdict.BAD},
        "knows nothing of 21 of 21 units in the storage",
    ),
]
# These need a worker, a backup, or somebody who knows.
BEYOND_MENDING = (
    a_job_that_nobody_takes,
    files_that_nobody_removed,
    a_webhook_that_nobody_sends,
    an_input_that_is_gone,
    an_output_that_is_gone,
    an_output_that_was_cut_short,
    a_ledger_that_knows_no_file,
)


async def test_in_a_sound_mill_nothing_is_amiss(saboteur: Saboteur) -> None:
    assert amiss(await found(saboteur.context)) == {}
    await saboteur.completed()
    await saboteur.waiting()
    store_output(saboteur.root, await saboteur.claimed())
    assert amiss(await found(saboteur.context, deep=True)) == {}


@pytest.mark.parametrize(
    ("spoil", "expected", "words"), DIFFERENCES, ids=[row[0].__name__ for row in DIFFERENCES]
)
async def test_a_difference_is_found_and_told_in_words(
    spoil: Spoil, expected: dict[str, Verdict], words: str, saboteur: Saboteur
) -> None:
    await spoil(saboteur)
    findings = await found(saboteur.context)
    assert amiss(findings) == expected
    first = findings[next(iter(expected))]
    assert words in first.sentence
    assert first.advice


@pytest.mark.parametrize("spoil", [row[0] for row in DIFFERENCES if row[0] not in BEYOND_MENDING])
async def test_what_can_be_mended_is_mended(spoil: Spoil, saboteur: Saboteur) -> None:
    await spoil(saboteur)
    assert amiss(await found(saboteur.context))
    (done,) = await apply_fixes(saboteur.context)
    assert done != "There was nothing to mend."
    assert amiss(await found(saboteur.context)) == {}
    assert await apply_fixes(saboteur.context) == ["There was nothing to mend."]


@pytest.mark.parametrize("spoil", [row[0] for row in DIFFERENCES])
async def test_mending_deletes_no_file_and_no_row(spoil: Spoil, saboteur: Saboteur) -> None:
    await spoil(saboteur)

    def rows() -> int:
        counted = "SELECT (SELECT count(*) FROM jobs) + (SELECT count(*) FROM file_deletions)"
        return int(saboteur.database.execute(counted).fetchall()[0][0])

    def files() -> list[str]:
        return sorted(path.name for path in saboteur.root.rglob("*") if path.is_file())

    before = rows(), files()
    await apply_fixes(saboteur.context)
    assert (rows(), files()) == before


async def test_a_job_that_waits_is_rung_for_in_the_line_of_its_priority(
    saboteur: Saboteur,
) -> None:
    await a_job_that_nobody_takes(saboteur)
    saboteur.database.execute("UPDATE jobs SET priority = 'high'")
    assert await apply_fixes(saboteur.context) == ["Put 1 job back into the line."]
    line = saboteur.context.line
    waiting = {priority: await line.pop_client.llen(KEYS[priority]) for priority in Priority}
    assert waiting == {Priority.HIGH: 1, Priority.NORMAL: 0, Priority.LOW: 0}
    (job,) = (await saboteur.job_store.list([Status.PENDING], 1)).jobs
    assert await line.pop(8) == (job.id,)


async def test_jobs_that_wait_in_a_line_that_moves_are_no_matter_of_concern(
    saboteur: Saboteur,
) -> None:
    await a_job_that_the_line_forgot(saboteur)
    await apply_fixes(saboteur.context)
    finding = (await found(saboteur.context))["waiting jobs"]
    assert finding.verdict is Verdict.OK
    assert "1 job due for up to 3 hours, all in the line" in finding.sentence


async def test_ids_that_no_job_waits_for_are_counted_and_do_no_harm(saboteur: Saboteur) -> None:
    done = await saboteur.completed()
    await saboteur.context.line.push(done.id, Priority.LOW)
    await saboteur.context.line.push((await saboteur.waiting()).id, Priority.NORMAL)
    finding = (await found(saboteur.context))["ids"]
    assert finding.verdict is Verdict.OK
    assert finding.facts == {"count": 2, "stale": 1}


async def test_a_byte_that_changed_is_seen_by_the_deep_examination_alone(
    saboteur: Saboteur,
) -> None:
    output = saboteur.output(await saboteur.completed())
    output.write_bytes(output.read_bytes().swapcase())
    assert amiss(await found(saboteur.context)) == {}
    assert amiss(await found(saboteur.context, deep=True)) == {"changed files": Verdict.BAD}


async def test_a_ledger_that_is_in_doubt_moves_no_file(saboteur: Saboteur) -> None:
    await a_ledger_that_knows_no_file(saboteur)
    assert await apply_fixes(saboteur.context) == ["There was nothing to mend."]


async def test_a_deletion_of_this_minute_is_not_overdue(saboteur: Saboteur) -> None:
    await saboteur.job_store.delete((await saboteur.completed()).id)
    saboteur.database.execute("UPDATE file_deletions SET due_at = now()")
    assert (await found(saboteur.context))["deleted jobs"].verdict is Verdict.OK


async def test_what_is_young_is_not_called_litter(saboteur: Saboteur) -> None:
    write_file(saboteur.root / input_key(new_job_id(), ".jpg"), age=DAY - HOUR)
    write_file(saboteur.root / "tmp" / f"{uuid4()}.part", age=HOUR / 2)
    assert amiss(await found(saboteur.context)) == {}


async def test_what_nobody_misses_in_quarantine_is_told_and_fine(saboteur: Saboteur) -> None:
    await an_input_without_a_row(saboteur)
    await apply_fixes(saboteur.context)
    finding = (await found(saboteur.context))["quarantine"]
    assert finding.verdict is Verdict.OK
    assert finding.sentence.startswith("1 unit since 2")
    assert "2.0 KiB" in finding.sentence


async def test_a_second_copy_in_quarantine_is_not_missed(saboteur: Saboteur) -> None:
    await an_input_in_quarantine(saboteur)
    (job,) = (await saboteur.job_store.list([Status.PENDING], 1)).jobs
    write_file(saboteur.root / job.input_path)
    assert amiss(await found(saboteur.context)) == {}


async def test_a_mended_job_of_a_dead_worker_waits_to_be_tried_again(saboteur: Saboteur) -> None:
    await a_job_of_a_dead_worker(saboteur)
    assert await apply_fixes(saboteur.context) == ["Took 1 job from workers that went silent."]
    (job,) = (await saboteur.job_store.list(list(Status), 2)).jobs
    assert job.status is Status.PENDING


async def test_a_restored_backup_gets_its_files_back(saboteur: Saboteur) -> None:
    job = await saboteur.completed()
    saboteur.database.execute("CREATE TEMP TABLE backup AS SELECT * FROM jobs")
    saboteur.forget(job)
    assert len(await apply_fixes(saboteur.context)) == 2
    assert not saboteur.output(job).exists()
    saboteur.database.execute("INSERT INTO jobs SELECT * FROM backup")
    assert amiss(await found(saboteur.context)) == {
        "missing files": Verdict.BAD,
        "quarantine": Verdict.BAD,
    }
    assert len(await apply_fixes(saboteur.context)) == 2
    assert amiss(await found(saboteur.context, deep=True)) == {}
