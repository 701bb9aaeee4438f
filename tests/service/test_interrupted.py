"""Services that are killed, stopped, or robbed of their job in the middle of the work."""

import json
from pathlib import Path

import httpx

from support.client import (
    client_of,
    has_no_temporary_files,
    status_history,
    storage_of,
    upload,
    wait_for_end,
)
from support.pictures import picture
from support.process import running_api, running_worker, wait_until

# Work for a second or so: time to interrupt it.
SLOW = json.dumps(
    {"outputs": [{"name": f"o{n}", "width": 3000, "enlarge": True} for n in range(5)]}
)


def upload_slow_ones(client: httpx.Client, count: int) -> list[str]:
    """Upload pictures that take a while, and return their ids once one is being processed."""
    ids = [upload(client, picture(1500, 1000), pipeline=SLOW) for _ in range(count)]
    wait_until(
        lambda: any(status_history(client, job_id)[-1] == "PROCESSING" for job_id in ids),
        "a job is being processed",
    )
    return ids


def test_the_jobs_of_a_killed_worker_end_elsewhere(
    environment: dict[str, str], tmp_path: Path
) -> None:
    short = environment | {"LEASE_SECONDS": "4"}
    with (
        running_api(short, tmp_path / "api.log") as (_, url),
        client_of(url) as client,
    ):
        with running_worker(short, tmp_path / "killed.log") as victim:
            ids = upload_slow_ones(client, 4)
            victim.kill()
        held = [job for job in ids if status_history(client, job)[-1] == "PROCESSING"]
        assert held
        with running_worker(short, tmp_path / "other.log"):
            jobs = [wait_for_end(client, job_id) for job_id in ids]
        assert {job["status"] for job in jobs} == {"COMPLETED"}
        for job_id in held:
            assert status_history(client, job_id) == [
                "PENDING", "PROCESSING", "PENDING", "PROCESSING", "COMPLETED",
            ]  # fmt: skip


def test_a_worker_that_is_told_to_stop_gives_back_what_it_cannot_finish(
    environment: dict[str, str], tmp_path: Path
) -> None:
    hurried = environment | {"SHUTDOWN_GRACE_SECONDS": "0"}
    with (
        running_api(environment, tmp_path / "api.log") as (_, url),
        client_of(url) as client,
    ):
        with running_worker(hurried, tmp_path / "first.log") as first:
            ids = upload_slow_ones(client, 6)
            assert first.stop() == 0
        jobs = [client.get(f"/jobs/{job_id}").json() for job_id in ids]
        assert {(job["status"], job["attempts"]) for job in jobs} <= {
            ("PENDING", 0),
            ("COMPLETED", 1),
        }
        assert "PENDING" in {job["status"] for job in jobs}
        assert has_no_temporary_files(storage_of(environment))
        with running_worker(environment, tmp_path / "second.log"):
            jobs = [wait_for_end(client, job_id) for job_id in ids]
        assert {(job["status"], job["attempts"]) for job in jobs} == {("COMPLETED", 1)}


def test_a_job_that_is_deleted_while_it_runs_leaves_no_file(
    environment: dict[str, str], tmp_path: Path
) -> None:
    storage = storage_of(environment)
    with (
        running_api(environment, tmp_path / "api.log") as (_, url),
        running_worker(environment, tmp_path / "worker.log") as worker,
        client_of(url) as client,
    ):
        (job_id,) = upload_slow_ones(client, 1)
        assert client.delete(f"/jobs/{job_id}").status_code == httpx.codes.NO_CONTENT
        wait_until(
            lambda: "job.result_rejected" in worker.logged() or "job.lease_lost" in worker.logged(),
            "the result is thrown away",
            worker.logged,
        )
        wait_until(
            lambda: not [path for path in storage.rglob("*") if path.is_file()],
            "the files are gone",
        )


def test_a_gateway_that_is_told_to_stop_ends_well(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with running_api(environment, tmp_path / "api.log") as (service, _):
        assert service.stop() == 0
    assert "gateway.stopped" in service.logged()
