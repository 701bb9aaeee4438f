"""Services that are killed, stopped, or robbed of their job in the middle of the work."""

import json
import os
import signal

import httpx

from support.client import has_no_temporary_files, status_history, upload, wait_for_end
from support.fault_stack import FaultStack
from support.pictures import picture
from support.process import Service, wait_until

# Work for a second or so: time to interrupt it.
SLOW = json.dumps(
    {"outputs": [{"name": f"o{n}", "width": 2500, "enlarge": True} for n in range(6)]}
)


def start_on_slow_ones(stack: FaultStack, count: int, **settings: str) -> tuple[Service, list[str]]:
    """Return a worker that has begun one of so many jobs and then was frozen, and their ids.

    It starts when all are there, or it might have done the first ones before the last one comes.
    """
    ids = [upload(stack.client, picture(), pipeline=SLOW) for _ in range(count)]
    worker = stack.start_worker(**settings)

    def is_frozen_in_one() -> bool:
        if not held(stack, ids):
            return False
        os.kill(worker.pid, signal.SIGSTOP)
        if held(stack, ids):
            return True
        os.kill(worker.pid, signal.SIGCONT)  # it has ended meanwhile
        return False

    wait_until(is_frozen_in_one, "a job is being processed", worker.logged)
    return worker, ids


def held(stack: FaultStack, ids: list[str]) -> list[str]:
    """Return those of the jobs that are being processed."""
    return [job for job in ids if status_history(stack.client, job)[-1] == "PROCESSING"]


def test_the_jobs_of_a_killed_worker_end_elsewhere(stack: FaultStack) -> None:
    client = stack.client
    victim, ids = start_on_slow_ones(stack, 3, LEASE_SECONDS="4")
    taken = held(stack, ids)
    assert taken
    victim.kill()
    stack.use_spare_worker()
    jobs = [wait_for_end(client, job_id) for job_id in ids]
    assert {job["status"] for job in jobs} == {"COMPLETED"}
    for job_id in taken:
        assert status_history(client, job_id) == [
            "PENDING", "PROCESSING", "PENDING", "PROCESSING", "COMPLETED",
        ]  # fmt: skip


def test_a_worker_that_gets_sigterm_releases_what_it_cannot_finish(stack: FaultStack) -> None:
    client = stack.client
    settings = {"SHUTDOWN_GRACE_SECONDS": "0", "LEASE_SECONDS": "12"}
    first, ids = start_on_slow_ones(stack, 3, **settings)
    first.process.terminate()  # it learns of it when it goes on
    os.kill(first.pid, signal.SIGCONT)
    assert first.process.wait(60) == 0
    jobs = [client.get(f"/jobs/{job_id}").json() for job_id in ids]
    assert {(job["status"], job["attempts"]) for job in jobs} <= {
        ("PENDING", 0),
        ("COMPLETED", 1),
    }, first.logged()
    assert "PENDING" in {job["status"] for job in jobs}, first.logged()
    assert has_no_temporary_files(stack.storage)
    stack.use_spare_worker()
    jobs = [wait_for_end(client, job_id) for job_id in ids]
    assert {(job["status"], job["attempts"]) for job in jobs} == {("COMPLETED", 1)}


def test_a_job_that_is_deleted_while_it_runs_leaves_no_file(stack: FaultStack) -> None:
    client = stack.client
    worker, (job_id,) = start_on_slow_ones(stack, 1)
    assert client.delete(f"/jobs/{job_id}").status_code == httpx.codes.NO_CONTENT
    os.kill(worker.pid, signal.SIGCONT)
    wait_until(
        lambda: "job.result_rejected" in worker.logged() or "job.lease_lost" in worker.logged(),
        "the result is thrown away",
        worker.logged,
    )
    wait_until(
        lambda: not [path for path in stack.storage.rglob("*") if path.is_file()],
        "the files are gone",
    )


def test_a_gateway_that_gets_sigterm_exits_with_zero(stack: FaultStack) -> None:
    service, _ = stack.start_gateway()
    assert service.stop() == 0
    assert "gateway.stopped" in service.logged()
