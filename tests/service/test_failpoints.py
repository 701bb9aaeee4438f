"""Every step from upload to end, struck by every kind of fault: nothing is lost, nothing doubled.

`make test` faults each step with `kill` and with one of the other faults; `make test-long` with
the others.
"""

import json
import re
import signal
import threading
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from _pytest.mark import ParameterSet

import imagemill
from imagemill.jobs.job import JobId
from imagemill.jobs.leases import JobLeases
from imagemill.postgres.pool import Postgres
from support.client import client_of, status_history, upload, wait_for_end
from support.failpoints import FAULTS
from support.fault_stack import FaultStack
from support.leases import expire
from support.pictures import picture
from support.process import wait_until

OF_AN_UPLOAD = ("input.synced", "input.named", "upload.stored", "upload.recorded", "upload.queued")
OF_AN_ATTEMPT = (
    "jobs.claimed",
    "attempt.rendered",
    "outputs.synced",
    "outputs.named",
    "attempt.published",
    "results.recording",
    "results.recorded",
    "leases.renewing",
)
# Reached in tests of their own, since it takes more than one upload to get there.
OF_OTHERS = ("retry.recording", "jobs.releasing", "leases.reaped", "job.deleted")
# Reached in test_webhook_faults.py.
OF_A_DELIVERY = ("deliveries.claimed", "delivery.answered")

# A second of work: longer than a third of a lease of a second, after which it is renewed, and not
# done before a worker gets SIGTERM.
LONG = json.dumps(
    {"outputs": [{"name": f"o{n}", "width": 2500, "enlarge": True} for n in range(6)]}
)

SHORT = json.dumps({"outputs": [{"width": 99}]})


def cases(*names: str) -> list[ParameterSet]:
    """Return every name with every fault; all but `kill` are a long proof."""
    return [
        pytest.param(name, fault, marks=[] if fault == "kill" else [pytest.mark.long])
        for name in names
        for fault in FAULTS
    ]


def test_every_failpoint_is_reached_here() -> None:
    package = Path(imagemill.__file__).parent
    named = {
        name
        for file in package.rglob("*.py")
        for name in re.findall(r'failpoint\("([a-z.]+)"\)', file.read_text(encoding="utf-8"))
    }
    assert named == {*OF_AN_UPLOAD, *OF_AN_ATTEMPT, *OF_OTHERS, *OF_A_DELIVERY}


@pytest.mark.parametrize(("name", "fault"), cases(*OF_AN_UPLOAD))
def test_an_upload_is_accepted_and_done_or_its_client_got_no_202(
    stack: FaultStack, name: str, fault: str
) -> None:
    victim, url = stack.start_gateway(name, fault)
    answers: list[httpx.Response] = []

    def send() -> None:
        try:
            answers.append(httpx.post(f"{url}/upload", files={"file": picture()}, timeout=30))
        except httpx.TransportError:
            return

    sending = threading.Thread(target=send)
    sending.start()
    stack.wait_for_failpoint(victim, name, fault)
    sending.join()
    stack.use_spare_worker()
    accepted = [answer.json()["id"] for answer in answers if answer.status_code == 202]
    accepted.append(upload(stack.client, picture()))
    jobs = stack.client.get("/jobs").json()["jobs"]
    for job in jobs:  # one that was recorded is done, whether or not the client got the answer
        assert wait_for_end(stack.client, job["id"])["status"] == "COMPLETED"
    stack.require_kept_promises(accepted)


@pytest.mark.parametrize(("name", "fault"), cases(*OF_AN_ATTEMPT))
def test_a_job_is_done_once_whatever_fault_its_first_worker_has(
    stack: FaultStack, name: str, fault: str
) -> None:
    renews = name == "leases.renewing"
    victim = stack.start_worker(name, fault, **({"LEASE_SECONDS": "1"} if renews else {}))
    fields = {"pipeline": LONG} if renews else {}
    job_id = upload(stack.client, picture(), **fields)
    stack.wait_for_failpoint(victim, name, fault)
    stack.use_spare_worker()
    job = wait_for_end(stack.client, job_id)
    # A bug that comes once is tried again, and nobody else failed.
    assert (job["status"], job["error"]) == ("COMPLETED", None)
    stack.require_kept_promises([job_id])


@pytest.mark.parametrize(("name", "fault"), cases("retry.recording"))
def test_an_attempt_that_failed_is_tried_again_whatever_fault_its_worker_has(
    stack: FaultStack, name: str, fault: str
) -> None:
    victim = stack.start_worker(name, fault, JOB_TIMEOUT_SECONDS="0.05")
    job_id = upload(stack.client, picture(), pipeline=LONG)
    stack.wait_for_failpoint(victim, name, fault)
    if fault != "kill":
        wait_until(
            lambda: "PENDING" in status_history(stack.client, job_id)[1:], "it is given back"
        )
        victim.kill()
    stack.use_spare_worker()
    assert wait_for_end(stack.client, job_id)["status"] == "COMPLETED"
    stack.require_kept_promises([job_id])


@pytest.mark.parametrize(("name", "fault"), cases("jobs.releasing"))
def test_a_worker_that_releases_its_jobs_loses_none_whatever_fault_it_has(
    stack: FaultStack, name: str, fault: str
) -> None:
    # With long leases, or it might reap its own jobs and have none to release.
    victim = stack.start_worker(name, fault, SHUTDOWN_GRACE_SECONDS="0", LEASE_SECONDS="60")
    ids = stack.freeze_at_work(victim, [LONG, SHORT, SHORT])
    victim.process.terminate()
    victim.process.send_signal(signal.SIGCONT)
    stack.wait_for_failpoint(victim, name, fault)
    expire(stack.postgres)
    stack.use_spare_worker()
    assert {wait_for_end(stack.client, job_id)["status"] for job_id in ids} == {"COMPLETED"}
    stack.require_kept_promises(ids)


@pytest.mark.parametrize(("name", "fault"), cases("leases.reaped"))
async def test_the_jobs_of_a_silent_worker_are_taken_over_whatever_fault_the_next_one_has(
    stack: FaultStack, name: str, fault: str
) -> None:
    job_id = upload(stack.client, picture())
    async with Postgres.open(stack.postgres, pool_size=1) as pool:
        silent = JobLeases(pool, worker=uuid4(), lease=timedelta(0))
        assert await silent.claim([JobId(UUID(job_id))])
    victim = stack.start_worker(name, fault)
    stack.wait_for_failpoint(victim, name, fault)
    stack.use_spare_worker()
    assert wait_for_end(stack.client, job_id)["status"] == "COMPLETED"
    assert "PENDING" in status_history(stack.client, job_id)[1:]  # it was given up in between
    stack.require_kept_promises([job_id])


@pytest.mark.parametrize(("name", "fault"), cases("job.deleted"))
def test_a_deleted_job_is_gone_whatever_fault_the_gateway_has(
    stack: FaultStack, name: str, fault: str
) -> None:
    victim, url = stack.start_gateway(name, fault)
    job_id = upload(stack.client, picture())

    def delete() -> None:
        try:
            with client_of(url, timeout=30) as client:
                client.delete(f"/jobs/{job_id}")
        except httpx.TransportError:
            return

    deleting = threading.Thread(target=delete)
    deleting.start()
    stack.wait_for_failpoint(victim, name, fault)
    deleting.join()
    assert stack.client.get(f"/jobs/{job_id}").status_code == httpx.codes.NOT_FOUND
