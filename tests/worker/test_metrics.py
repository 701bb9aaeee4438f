"""What is counted of decisions: each once, and only what is recorded."""

from datetime import timedelta
from uuid import UUID

import pytest
from prometheus_client import REGISTRY

from imagemill.jobs.job import Claim, ErrorCode, Failed, JobError, JobId
from imagemill.worker.decide import Decision, Release, Retry
from imagemill.worker.metrics import count_decisions
from support.jobs import completed

CLAIM = Claim(JobId(UUID(int=1)), 1, 1, 3, input_path="inputs/x/cat.jpg", pipeline={})
ERROR = JobError(ErrorCode.INTERNAL, "It went wrong.")

COMPLETED = "imagemill_jobs_ended_total", "COMPLETED", ""
INPUTS = "imagemill_processed_inputs_total", "jpg"
OUTPUTS = "imagemill_outputs_total", "webp"
OUTPUT_BYTES = "imagemill_output_bytes_total", "webp"
FAILED = "imagemill_jobs_ended_total", "FAILED", "internal"
RETRIED = "imagemill_retries_total", "internal"
REJECTED = ("imagemill_fence_rejections_total",)


def read_counters() -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *sample.labels.values()): sample.value
        for metric in REGISTRY.collect()
        for sample in metric.samples
        if metric.type == "counter" and sample.name.startswith("imagemill_")
    }


async def count(decision: Decision, *, is_recorded: bool) -> dict[tuple[str, ...], float]:
    """Return by how much which counters increase."""

    async def record(_: Decision) -> bool:
        return is_recorded

    before = read_counters()
    assert await count_decisions(record)(decision) is is_recorded
    return {
        series: value - before.get(series, 0)
        for series, value in read_counters().items()
        if value != before.get(series, 0)
    }


@pytest.mark.parametrize(
    ("decision", "increases"),
    [
        (completed(CLAIM), {COMPLETED: 1, INPUTS: 1, OUTPUTS: 1, OUTPUT_BYTES: 5}),
        (Failed(CLAIM, ERROR), {FAILED: 1}),
        (Retry(CLAIM, ERROR, timedelta(seconds=2)), {RETRIED: 1}),
        (Release(CLAIM, "It is unavailable.", timedelta(seconds=5)), {}),
    ],
)
async def test_a_recorded_decision_is_counted_by_what_it_is(
    decision: Decision, increases: dict[tuple[str, ...], float]
) -> None:
    assert await count(decision, is_recorded=True) == increases


@pytest.mark.parametrize(
    "decision",
    [completed(CLAIM), Failed(CLAIM, ERROR), Retry(CLAIM, ERROR, timedelta(seconds=2))],
)
async def test_a_decision_that_the_fence_rejects_is_counted_as_that_alone(
    decision: Decision,
) -> None:
    assert await count(decision, is_recorded=False) == {REJECTED: 1}
