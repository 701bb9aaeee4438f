"""Services that are killed, stopped, or robbed of their job in the middle of the work."""

import json
import signal

import httpx

from support.client import has_no_temporary_files, status_history, wait_for_end
from support.fault_stack import FaultStack
from support.leases import expire
from support.process import wait_until

# Work for a second or so: time to interrupt it.
SLOW = json.dumps(
    {"outputs": [{"name": f"o{n}", "width": 2500, "enlarge": True} for n in range(6)]}
)


def test_the_jobs_of_a_killed_worker_end_elsewhere(stack: FaultStack) -> None:
    client = stack.client
    victim = stack.start_worker(LEASE_SECONDS="60")  # or it might reap its own jobs
    ids = stack.freeze_at_work(victim, [SLOW] * 3)
    victim.kill()
    held = [job for job in ids if status_history(client, job)[-1] == "PROCESSING"]
    assert held
    expire(stack.postgres)
    stack.use_spare_worker()
    jobs = [wait_for_end(client, job_id) for job_id in ids]
    assert {job["status"] for job in jobs} == {"COMPLETED"}
    for job_id in held:
        assert status_history(client, job_id) == [
            "PENDING", "PROCESSING", "PENDING", "PROCESSING", "COMPLETED",
        ]  # fmt: skip


def test_a_worker_that_gets_sigterm_releases_what_it_cannot_finish(stack: FaultStack) -> None:
    client = stack.client
    # With long leases, or it might reap its own jobs.
    first = stack.start_worker(SHUTDOWN_GRACE_SECONDS="0", LEASE_SECONDS="60")
    ids = stack.freeze_at_work(first, [SLOW] * 3)
    first.process.terminate()
    first.process.send_signal(signal.SIGCONT)
    assert first.stop() == 0
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
    worker = stack.start_worker()
    (job_id,) = stack.freeze_at_work(worker, [SLOW])
    assert client.delete(f"/jobs/{job_id}").status_code == httpx.codes.NO_CONTENT
    worker.process.send_signal(signal.SIGCONT)
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
