"""Every step from upload to end, met by every kind of end: nothing is lost, nothing doubled."""

import json
import random
import re
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

import imagemill
from chaos.history import examine
from chaos.load import Load
from imagemill.settings.addresses import PostgresAddress
from support.client import client_of, status_history, storage_of, upload, wait_for_end
from support.failpoints import FAULTS, wait_for_failpoint, with_failpoint
from support.pictures import picture
from support.process import Service, running_api, running_worker, wait_until

OF_AN_UPLOAD = ("input.synced", "input.named", "upload.stored", "upload.recorded", "upload.rung")
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
OF_OTHERS = ("retry.recording", "jobs.releasing", "leases.reaped", "job.forgotten")
# Reached in test_webhook_faults.py.
OF_A_DELIVERY = ("deliveries.claimed", "delivery.answered")

# Longer than a third of a lease, after which one is renewed.
SLOW = json.dumps(
    {"outputs": [{"name": f"o{n}", "width": 2500, "enlarge": True} for n in range(4)]}
)
# Long enough not to be done before its worker is told to stop, however busy the machine is.
LONG = json.dumps(
    {"outputs": [{"name": f"o{n}", "width": 2500, "enlarge": True} for n in range(16)]}
)


@dataclass(frozen=True)
class Mill:
    """Servers and settings for services that soon give up on each other, and their logs' folder."""

    environment: dict[str, str]
    postgres: PostgresAddress
    folder: Path
    stack: ExitStack

    def gateway(self, name: str = "", end: str = "") -> tuple[Service, str]:
        """Start a gateway, which meets this end there; without a name, none."""
        log = self.folder / f"gateway-{name}.log"
        return self.stack.enter_context(
            running_api(with_failpoint(self.environment, name, end), log)
        )

    def client(self) -> httpx.Client:
        """Return a client of a gateway that meets nothing."""
        return self.stack.enter_context(client_of(self.gateway()[1]))

    def worker(self, name: str = "", end: str = "", **settings: str) -> Service:
        """Start a worker, which meets this end there; without a name, none."""
        log = self.folder / f"worker-{name}.log"
        environment = with_failpoint(self.environment, name, end) | settings
        return self.stack.enter_context(running_worker(environment, log))

    def require_kept_promises(self, accepted: list[str]) -> None:
        load = Load("", random.Random(0), good=set(accepted))
        storage = storage_of(self.environment)
        assert examine(self.postgres, storage, load).broken_promises() == []


@pytest.fixture
def mill(
    environment: dict[str, str], postgres_address: PostgresAddress, tmp_path: Path, stack: ExitStack
) -> Mill:
    hasty = {"LEASE_SECONDS": "2", "SHUTDOWN_GRACE_SECONDS": "1"}
    return Mill(environment | hasty, postgres_address, tmp_path, stack)


def test_every_failpoint_is_met_here() -> None:
    package = Path(imagemill.__file__).parent
    named = {
        name
        for file in package.rglob("*.py")
        for name in re.findall(r'failpoint\("([a-z.]+)"\)', file.read_text(encoding="utf-8"))
    }
    assert named == {*OF_AN_UPLOAD, *OF_AN_ATTEMPT, *OF_OTHERS, *OF_A_DELIVERY}


@pytest.mark.parametrize("end", FAULTS)
@pytest.mark.parametrize("name", OF_AN_UPLOAD)
def test_an_upload_is_accepted_and_done_or_nobody_was_told_that_it_was(
    mill: Mill, name: str, end: str
) -> None:
    victim, url = mill.gateway(name, end)
    answers: list[httpx.Response] = []

    def send() -> None:
        try:
            answers.append(httpx.post(f"{url}/upload", files={"file": picture()}, timeout=30))
        except httpx.TransportError:
            return

    sending = threading.Thread(target=send)
    sending.start()
    wait_for_failpoint(victim, name, end, mill.postgres)
    sending.join()
    client = mill.client()
    mill.worker()
    accepted = [answer.json()["id"] for answer in answers if answer.status_code == 202]
    accepted.append(upload(client, picture()))
    jobs = client.get("/jobs").json()["jobs"]
    for job in jobs:  # one that was recorded is done, whether or not the client heard of it
        assert wait_for_end(client, job["id"])["status"] == "COMPLETED"
    mill.require_kept_promises(accepted)


@pytest.mark.parametrize("end", FAULTS)
@pytest.mark.parametrize("name", OF_AN_ATTEMPT)
def test_a_job_is_done_once_whatever_its_first_worker_meets(
    mill: Mill, name: str, end: str
) -> None:
    client, victim = mill.client(), mill.worker(name, end)
    fields = {"pipeline": LONG} if name == "leases.renewing" else {}
    job_id = upload(client, picture(800, 600), **fields)
    wait_for_failpoint(victim, name, end, mill.postgres)
    mill.worker()
    job = wait_for_end(client, job_id)
    # A bug that comes once is tried again, and nobody else failed.
    assert (job["status"], job["error"]) == ("COMPLETED", None)
    mill.require_kept_promises([job_id])


@pytest.mark.parametrize("end", FAULTS)
def test_an_attempt_that_failed_is_tried_again_whatever_its_worker_meets(
    mill: Mill, end: str
) -> None:
    client = mill.client()
    victim = mill.worker("retry.recording", end, JOB_TIMEOUT_SECONDS="0.05")
    job_id = upload(client, picture(800, 600), pipeline=SLOW)
    wait_for_failpoint(victim, "retry.recording", end, mill.postgres)
    if end != "kill":
        wait_until(lambda: "PENDING" in status_history(client, job_id)[1:], "it is given back")
        victim.kill()
    mill.worker()
    assert wait_for_end(client, job_id)["status"] == "COMPLETED"
    mill.require_kept_promises([job_id])


@pytest.mark.parametrize("end", FAULTS)
def test_a_worker_that_gives_back_its_jobs_loses_none_whatever_it_meets(
    mill: Mill, end: str
) -> None:
    client = mill.client()
    victim = mill.worker("jobs.releasing", end, SHUTDOWN_GRACE_SECONDS="0")
    ids = [upload(client, picture(800, 600), pipeline=LONG) for _ in range(3)]
    wait_until(lambda: status_history(client, ids[0])[-1] != "PENDING", "work has begun")
    victim.process.terminate()
    wait_for_failpoint(victim, "jobs.releasing", end, mill.postgres)
    mill.worker()
    assert {wait_for_end(client, job_id)["status"] for job_id in ids} == {"COMPLETED"}
    mill.require_kept_promises(ids)


@pytest.mark.parametrize("end", FAULTS)
def test_the_jobs_of_a_silent_worker_are_taken_over_whatever_the_next_one_meets(
    mill: Mill, end: str
) -> None:
    client = mill.client()
    with running_worker(mill.environment, mill.folder / "silent.log") as silent:
        job_id = upload(client, picture(1500, 1000), pipeline=SLOW)
        wait_until(lambda: status_history(client, job_id)[-1] == "PROCESSING", "work has begun")
        silent.kill()
    victim = mill.worker("leases.reaped", end)
    wait_for_failpoint(victim, "leases.reaped", end, mill.postgres)
    mill.worker()
    assert wait_for_end(client, job_id)["status"] == "COMPLETED"
    mill.require_kept_promises([job_id])


@pytest.mark.parametrize("end", FAULTS)
def test_a_deleted_job_is_gone_whatever_the_gateway_meets(mill: Mill, end: str) -> None:
    victim, url = mill.gateway("job.forgotten", end)
    client = mill.stack.enter_context(client_of(url, timeout=30))
    job_id = upload(client, picture())

    def delete() -> None:
        try:
            client.delete(f"/jobs/{job_id}")
        except httpx.TransportError:
            return

    deleting = threading.Thread(target=delete)
    deleting.start()
    wait_for_failpoint(victim, "job.forgotten", end, mill.postgres)
    deleting.join()
    assert mill.client().get(f"/jobs/{job_id}").status_code == httpx.codes.NOT_FOUND
