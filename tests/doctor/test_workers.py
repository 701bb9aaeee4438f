"""What the doctor says of the workers."""

from datetime import timedelta

import pytest

from imagemill.doctor import workers
from imagemill.doctor.findings import Verdict
from support.workers import note_worker

from .installation import Installation

LIVE = timedelta(seconds=50)
LOST = timedelta(minutes=-4)


@pytest.mark.parametrize(
    ("rows", "verdict", "sentence"),
    [
        ([], Verdict.BAD, "No worker runs."),
        ([("a", LIVE)], Verdict.OK, "1 worker runs on 1 host, for 2 images at once."),
        (
            [("a", LIVE), ("a", LIVE), ("b", LIVE)],
            Verdict.OK,
            "3 workers run on 2 hosts, for 6 images at once.",
        ),
        (
            [("a", LIVE), ("b", LOST)],
            Verdict.WARN,
            (
                "1 worker runs on 1 host, for 2 images at once; 1 worker was lost, the last on host"
                " b, unseen for 5 minutes."
            ),
        ),
        (
            [("a", LOST), ("b", 2 * LOST), ("c", 3 * LOST)],
            Verdict.BAD,
            "No worker runs; 3 workers were lost, the last on host a, unseen for 5 minutes.",
        ),
    ],
)
async def test_absent_and_lost_workers_are_found(
    rows: list[tuple[str, timedelta]], verdict: Verdict, sentence: str, installation: Installation
) -> None:
    for host, seen_for in rows:
        note_worker(installation.context.settings.postgres, host, seen_for=seen_for)
    (finding,) = await workers.check(installation.context)
    assert (finding.verdict, finding.sentence) == (verdict, sentence)
