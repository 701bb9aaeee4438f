"""The JSON of a job is what its model documents."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from pydantic_core import to_json

from imagemill.api_schemas import JobBody, job_members
from imagemill.image_files import OutputFile
from imagemill.jobs.job import ErrorCode, InputFacts, Job, JobError, JobId, Priority, Status
from imagemill.webhooks.body import WebhookBody

NOW = datetime(2026, 3, 2, 12, 30, 0, 123456, tzinfo=UTC)
PENDING = Job(
    id=JobId(UUID("0199f0c2-7a1e-7c3a-9d52-5d0c3c0a7b11")),
    status=Status.PENDING,
    input_path="inputs/c27/cat.jpg",
    output_path=None,
    input=InputFacts("Kätzchen.jpg", "image/jpeg", 20_000, "ab" * 32),
    pipeline={"outputs": [{"name": "image", "width": 160, "blur": 0.5, "enlarge": True}]},
    outputs=(),
    analysis=None,
    error=None,
    priority=Priority.HIGH,
    metadata={"n": [1, 2.5, None, 10**30, "é\u2028"]},
    attempts=0,
    max_attempts=3,
    created_at=NOW,
    run_at=NOW.replace(microsecond=0),
    started_at=None,
    completed_at=None,
    updated_at=NOW,
)
OUTPUT = OutputFile("image", "outputs/c27/1/image.webp", "image/webp", 10, 160, 130, 1, "cd" * 32)


@pytest.mark.parametrize(
    "job",
    [
        PENDING,
        replace(PENDING, error=JobError(ErrorCode.TIMED_OUT, "It took too long.")),
        replace(
            PENDING,
            status=Status.COMPLETED,
            input=replace(PENDING.input, width=320, height=261, frames=1),
            output_path=OUTPUT.path,
            outputs=(OUTPUT, replace(OUTPUT, name="large")),
            analysis={"blurhash": "LKO2?U%2Tw=w]~RBVZRi};RPxuwH"},
            started_at=NOW,
            completed_at=NOW,
        ),
    ],
)
def test_the_members_of_a_job_are_those_of_its_model(job: Job) -> None:
    assert to_json(job_members(job, "")).decode() == JobBody.of(job, "").model_dump_json()


def test_links_of_a_job_carry_the_prefix_in_webhooks_too() -> None:
    job = replace(PENDING, outputs=(OUTPUT,))
    body = WebhookBody.of("job.completed", job, "/images")
    assert body.data.outputs[0].url == f"/images/jobs/{job.id}/outputs/image"
