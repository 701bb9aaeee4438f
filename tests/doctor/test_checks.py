"""Each difference between PostgreSQL, Redis and the storage is found, described, and fixed."""

from uuid import uuid4

import pytest

from imagemill.doctor import jobs, missing_files, orphaned_files
from imagemill.doctor import redis as redis_server
from imagemill.doctor.context import DoctorContext
from imagemill.doctor.findings import Finding, Verdict
from imagemill.doctor.fixes import NOTHING_FIXED, apply_fixes
from imagemill.jobs.ids import new_job_id
from imagemill.jobs.job import Priority, Status
from imagemill.redis.queue import KEYS
from imagemill.storage.keys import input_key
from support.stored_jobs import DAY, store_output, write_file

from .damage import (
    HOUR,
    Damage,
    a_database_that_references_no_file,
    a_job_of_a_dead_worker,
    a_job_that_is_not_in_the_queue,
    a_job_that_no_worker_claims,
    a_missing_input,
    a_missing_output,
    a_truncated_output,
    a_webhook_that_no_worker_sends,
    an_input_in_quarantine,
    an_input_without_a_row,
    an_interrupted_upload,
    files_of_a_deleted_job,
    outputs_of_a_lost_attempt,
)
from .installation import Installation


async def found(context: DoctorContext, *, deep: bool = False) -> dict[str, Finding]:
    """Return the findings on jobs and files by subject."""
    findings = [
        *await jobs.check(context),
        *await redis_server.check_queue(context),
        *await missing_files.check(context, deep=deep),
        *await orphaned_files.check(context),
    ]
    return {finding.subject: finding for finding in findings}


def problems(findings: dict[str, Finding]) -> dict[str, Verdict]:
    return {
        subject: finding.verdict
        for subject, finding in findings.items()
        if finding.verdict is not Verdict.OK
    }


DIFFERENCES: list[tuple[Damage, dict[str, Verdict], str]] = [
    (
        a_job_that_no_worker_claims,
        {"pending jobs": Verdict.BAD},
        "1 job due for up to 3 hours, and no worker has claimed a job yet.",
    ),
    (
        a_job_that_is_not_in_the_queue,
        {"pending jobs": Verdict.WARN},
        "1 of them are not in the queue",
    ),
    (
        a_job_of_a_dead_worker,
        {"leases": Verdict.BAD},
        "1 job with a lease that expired up to 60 minutes ago",
    ),
    (
        files_of_a_deleted_job,
        {"deleted jobs": Verdict.WARN},
        "1 deleted job, up to 10 minutes ago, whose files still exist.",
    ),
    (
        a_webhook_that_no_worker_sends,
        {"webhooks": Verdict.WARN},
        "1 webhook due for up to 10 minutes",
    ),
    (
        a_missing_input,
        {"missing files": Verdict.BAD},
        "1 file missing that jobs reference.",
    ),
    (
        a_missing_output,
        {"missing files": Verdict.BAD},
        "1 file missing that jobs reference.",
    ),
    (
        a_truncated_output,
        {"changed files": Verdict.BAD},
        "1 file with another size or other bytes than recorded.",
    ),
    (
        an_input_without_a_row,
        {"orphans": Verdict.WARN},
        "1 unit without a job, a day old or more, 2.0 KiB.",
    ),
    (
        outputs_of_a_lost_attempt,
        {"orphans": Verdict.WARN},
        "1 unit without a job, a day old or more, 9 bytes.",
    ),
    (
        an_interrupted_upload,
        {"temporary files": Verdict.WARN},
        "1 unit of interrupted uploads and attempts, 7 bytes.",
    ),
    (
        an_input_in_quarantine,
        {"missing files": Verdict.BAD, "quarantine": Verdict.BAD},
        "missing that jobs reference; 1 in quarantine.",
    ),
    (
        a_database_that_references_no_file,
        {"orphans": Verdict.BAD},
        "No job references 21 of 21 units in the storage",
    ),
]


# These need a worker, a backup, or a decision by the operator.
NOT_FIXABLE = (
    a_job_that_no_worker_claims,
    files_of_a_deleted_job,
    a_webhook_that_no_worker_sends,
    a_missing_input,
    a_missing_output,
    a_truncated_output,
    a_database_that_references_no_file,
)


async def test_a_healthy_installation_has_no_problems(installation: Installation) -> None:
    assert problems(await found(installation.context)) == {}
    await installation.add_completed_job()
    await installation.add_pending_job()
    store_output(installation.root, await installation.add_claimed_job())
    assert problems(await found(installation.context, deep=True)) == {}


@pytest.mark.parametrize(
    ("damage", "expected", "words"), DIFFERENCES, ids=[row[0].__name__ for row in DIFFERENCES]
)
async def test_a_difference_is_found_and_described(
    damage: Damage, expected: dict[str, Verdict], words: str, installation: Installation
) -> None:
    await damage(installation)
    findings = await found(installation.context)
    assert problems(findings) == expected
    first = findings[next(iter(expected))]
    assert words in first.sentence
    assert first.advice


@pytest.mark.parametrize("damage", [row[0] for row in DIFFERENCES if row[0] not in NOT_FIXABLE])
async def test_what_can_be_fixed_is_fixed(damage: Damage, installation: Installation) -> None:
    await damage(installation)
    assert problems(await found(installation.context))
    (done,) = await apply_fixes(installation.context)
    assert done != NOTHING_FIXED
    assert problems(await found(installation.context)) == {}
    assert await apply_fixes(installation.context) == [NOTHING_FIXED]


@pytest.mark.parametrize("damage", [row[0] for row in DIFFERENCES])
async def test_fixes_delete_no_file_and_no_row(damage: Damage, installation: Installation) -> None:
    await damage(installation)

    def rows() -> int:
        counted = "SELECT (SELECT count(*) FROM jobs) + (SELECT count(*) FROM file_deletions)"
        return int(installation.database.execute(counted).fetchall()[0][0])

    def files() -> list[str]:
        return sorted(path.name for path in installation.root.rglob("*") if path.is_file())

    before = rows(), files()
    await apply_fixes(installation.context)
    assert (rows(), files()) == before


async def test_an_overdue_job_is_pushed_to_the_queue_of_its_priority(
    installation: Installation,
) -> None:
    await a_job_that_no_worker_claims(installation)
    installation.database.execute("UPDATE jobs SET priority = 'high'")
    assert await apply_fixes(installation.context) == ["Pushed 1 job to the queue."]
    queue = installation.context.queue
    waiting = {priority: await queue.pop_client.llen(KEYS[priority]) for priority in Priority}
    assert waiting == {Priority.HIGH: 1, Priority.NORMAL: 0, Priority.LOW: 0}
    (job,) = (await installation.job_store.list([Status.PENDING], 1)).jobs
    assert await queue.pop(8) == (job.id,)


async def test_overdue_jobs_are_ok_while_they_are_queued_and_workers_claim_jobs(
    installation: Installation,
) -> None:
    await a_job_that_is_not_in_the_queue(installation)
    await apply_fixes(installation.context)
    finding = (await found(installation.context))["pending jobs"]
    assert finding.verdict is Verdict.OK
    assert "1 job due for up to 3 hours, all in the queue" in finding.sentence


async def test_stale_ids_in_the_queue_are_counted_and_ok(installation: Installation) -> None:
    done = await installation.add_completed_job()
    await installation.context.queue.push(done.id, Priority.LOW)
    await installation.context.queue.push(
        (await installation.add_pending_job()).id, Priority.NORMAL
    )
    finding = (await found(installation.context))["queue"]
    assert finding.verdict is Verdict.OK
    assert finding.facts == {"count": 2, "stale": 1}


async def test_a_changed_byte_is_found_by_the_deep_check_only(
    installation: Installation,
) -> None:
    output = installation.output_path(await installation.add_completed_job())
    output.write_bytes(output.read_bytes().swapcase())
    assert problems(await found(installation.context)) == {}
    assert problems(await found(installation.context, deep=True)) == {"changed files": Verdict.BAD}


async def test_no_file_is_moved_while_the_database_is_suspicious(
    installation: Installation,
) -> None:
    await a_database_that_references_no_file(installation)
    assert await apply_fixes(installation.context) == [NOTHING_FIXED]


async def test_a_deletion_of_this_minute_is_not_overdue(installation: Installation) -> None:
    await installation.job_store.delete((await installation.add_completed_job()).id)
    installation.database.execute("UPDATE file_deletions SET due_at = now()")
    assert (await found(installation.context))["deleted jobs"].verdict is Verdict.OK


async def test_recent_files_are_no_orphans(installation: Installation) -> None:
    write_file(installation.root / input_key(new_job_id(), ".jpg"), age=DAY - HOUR)
    write_file(installation.root / "tmp" / f"{uuid4()}.part", age=HOUR / 2)
    assert problems(await found(installation.context)) == {}


async def test_unreferenced_files_in_quarantine_are_ok(installation: Installation) -> None:
    await an_input_without_a_row(installation)
    await apply_fixes(installation.context)
    finding = (await found(installation.context))["quarantine"]
    assert finding.verdict is Verdict.OK
    assert finding.sentence.startswith("1 unit since 2")
    assert "2.0 KiB" in finding.sentence


async def test_a_second_copy_in_quarantine_is_ok(installation: Installation) -> None:
    await an_input_in_quarantine(installation)
    (job,) = (await installation.job_store.list([Status.PENDING], 1)).jobs
    write_file(installation.root / job.input_path)
    assert problems(await found(installation.context)) == {}


async def test_a_fixed_job_of_a_dead_worker_is_pending(installation: Installation) -> None:
    await a_job_of_a_dead_worker(installation)
    assert await apply_fixes(installation.context) == ["Released 1 job with an expired lease."]
    (job,) = (await installation.job_store.list(list(Status), 2)).jobs
    assert job.status is Status.PENDING


async def test_a_restored_backup_gets_its_files_back(installation: Installation) -> None:
    job = await installation.add_completed_job()
    installation.database.execute("CREATE TEMP TABLE backup AS SELECT * FROM jobs")
    installation.delete_row(job)
    assert len(await apply_fixes(installation.context)) == 2
    assert not installation.output_path(job).exists()
    installation.database.execute("INSERT INTO jobs SELECT * FROM backup")
    assert problems(await found(installation.context)) == {
        "missing files": Verdict.BAD,
        "quarantine": Verdict.BAD,
    }
    assert len(await apply_fixes(installation.context)) == 2
    assert problems(await found(installation.context, deep=True)) == {}
