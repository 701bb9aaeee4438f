"""A job as one line of text."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from imagemill.cli.job_text import describe_job
from imagemill.image_files import OutputFile
from imagemill.jobs.job import ErrorCode, InputFacts, Job, JobError, JobId, Priority, Status

THEN = datetime(2026, 11, 27, tzinfo=UTC)
OUTPUT = OutputFile("image", "outputs/1.webp", "image/webp", 2048, 32, 24, 1, "0")
JOB = Job(
    id=JobId(uuid4()),
    status=Status.COMPLETED,
    input_path="inputs/1.jpg",
    output_path="outputs/1.webp",
    input=InputFacts("cat.jpg", "image/jpeg", 4096, "0"),
    pipeline={},
    outputs=(OUTPUT, OUTPUT),
    analysis=None,
    error=None,
    priority=Priority.NORMAL,
    metadata={},
    attempts=1,
    max_attempts=3,
    created_at=THEN,
    run_at=THEN,
    started_at=THEN,
    completed_at=THEN + timedelta(seconds=1.25),
    updated_at=THEN,
)


def named(name: str | None) -> Job:
    return replace(JOB, input=replace(JOB.input, filename=name))


def test_a_completed_job_says_how_much_smaller_it_became_and_how_long_it_took() -> None:
    assert describe_job(JOB) == "cat.jpg  4.0 KiB → 4.0 KiB  1.2 s"


def test_a_failed_job_says_why() -> None:
    error = JobError(ErrorCode.TOO_LARGE, "The picture has too many pixels.")
    failed = replace(JOB, status=Status.FAILED, error=error, outputs=())
    assert describe_job(failed) == "cat.jpg  too_large: The picture has too many pixels."


def test_a_job_that_waits_has_its_name_only() -> None:
    waiting = replace(JOB, status=Status.PENDING, outputs=(), completed_at=None)
    assert describe_job(waiting) == "cat.jpg"


def test_names_and_errors_send_no_control_characters_to_a_terminal() -> None:
    hostile = "\x1b]0;owned\x07\x9b31m\u202e\n.jpg"
    error = JobError(ErrorCode.INTERNAL, hostile)
    shown = describe_job(named(hostile)) + describe_job(replace(JOB, error=error))
    assert shown.isprintable()
    assert "owned" in shown


def test_a_long_name_is_shortened_in_the_middle_and_a_missing_one_is_a_dash() -> None:
    assert (
        describe_job(named("a" * 100 + ".jpg")).split("  ")[0] == "a" * 19 + "…" + "a" * 16 + ".jpg"
    )
    assert describe_job(named(None)).startswith("-  ")
