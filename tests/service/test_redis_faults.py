"""Redis hangs, breaks off, stays away: uploads hardly notice, and the sweep finds their jobs."""

import time
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from support.client import client_of, status_history, upload, wait_for_end
from support.pictures import picture
from support.process import running_api, running_worker, wait_until
from support.proxy import CLOSED, HALF_OPEN, OPEN, STALLED, Proxy, Way

# What an upload may cost more than a healthy one, with room for a busy machine; the time-out of
# the bell is a tenth of a second.
EXTRA_SECONDS = 0.3
# A worker waits for an answer of the line for up to four seconds before it turns to the ledger.
TURN_SECONDS = 10
OUTAGE_SECONDS = 12


def timed_upload(client: httpx.Client) -> tuple[str, float]:
    began = time.monotonic()
    job_id = upload(client, picture())
    return job_id, time.monotonic() - began


@pytest.mark.parametrize(
    "way", [STALLED, HALF_OPEN, CLOSED], ids=["stalled", "half-open", "closed"]
)
def test_while_redis_is_away_uploads_are_taken_at_once_and_jobs_done_in_time(
    environment: dict[str, str], to_redis: Proxy, tmp_path: Path, stack: ExitStack, way: Way
) -> None:
    disturbed = environment | {"REDIS_PORT": str(to_redis.port)}
    _, url = stack.enter_context(running_api(disturbed, tmp_path / "api.log"))
    worker = stack.enter_context(running_worker(disturbed, tmp_path / "worker.log"))
    client = stack.enter_context(client_of(url))
    assert wait_for_end(client, upload(client, picture()))["status"] == "COMPLETED"
    usual = min(timed_upload(client)[1] for _ in range(5))
    to_redis.become(way)
    over = time.monotonic() + OUTAGE_SECONDS
    while time.monotonic() < over:
        job_id, seconds = timed_upload(client)
        assert seconds < usual + EXTRA_SECONDS
        assert wait_for_end(client, job_id, seconds=TURN_SECONDS)["status"] == "COMPLETED"
    assert "queue.push_failed" in (tmp_path / "api.log").read_text(encoding="utf-8")
    assert "queue.unavailable" in worker.logged()
    to_redis.become(OPEN)
    wait_until(
        lambda: "queue.available" in worker.logged(), "the line is used again", worker.logged
    )


def test_a_line_that_is_cut_costs_no_job_and_no_restart(
    environment: dict[str, str], to_redis: Proxy, tmp_path: Path, stack: ExitStack
) -> None:
    disturbed = environment | {"REDIS_PORT": str(to_redis.port)}
    _, url = stack.enter_context(running_api(disturbed, tmp_path / "api.log"))
    worker = stack.enter_context(running_worker(disturbed, tmp_path / "worker.log"))
    client = stack.enter_context(client_of(url))
    for _ in range(10):
        to_redis.cut()
        job_id = upload(client, picture())
        assert wait_for_end(client, job_id, seconds=TURN_SECONDS)["status"] == "COMPLETED"
        assert status_history(client, job_id) == ["PENDING", "PROCESSING", "COMPLETED"]
    assert "queue.unavailable" in worker.logged()
