"""Nothing holds up the event loop of a service: not a slow disk, not the work of its children."""

import json
import sys
import time
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from imagemill.settings.addresses import PostgresAddress
from support import loop_file_access, process
from support.client import client_of, upload, wait_for_end
from support.pictures import picture
from support.process import running_api, running_worker
from support.servers import connect
from support.stored_jobs import backdate

EVERY_ANALYSIS = ["blurhash", "dominant_color", "metadata", "palette", "phash", "thumbhash"]
HEAVY = json.dumps(
    {
        "outputs": [{"name": f"o{n}", "width": 2500, "enlarge": True} for n in range(8)],
        "analyze": EVERY_ANALYSIS,
    }
)

LEASE_SECONDS = 3.0
# Renewed each third of a lease, it has two thirds left at the least, but for what holds it up.
REMAINING = """
    SELECT extract(epoch FROM min(lease_expires_at) - now()) FROM jobs WHERE status = 'PROCESSING'
"""


def test_no_service_works_on_stored_files_on_its_event_loop(
    environment: dict[str, str],
    postgres_address: PostgresAddress,
    tmp_path: Path,
    exit_stack: ExitStack,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watching = (sys.executable, "-P", str(Path(loop_file_access.__file__)))
    monkeypatch.setattr(process, "PROGRAM", watching)
    services = environment | {"RETENTION_SECONDS": "3600"}
    gateway, url = exit_stack.enter_context(running_api(services, tmp_path / "api.log"))
    worker = exit_stack.enter_context(
        running_worker(services, tmp_path / "worker.log", "--concurrency", "1")
    )
    client = exit_stack.enter_context(client_of(url))
    whole = picture(1200, 900, "PNG")
    job = wait_for_end(
        client, upload(client, whole, pipeline=json.dumps({"outputs": [{"width": 99}]}))
    )
    assert client.get(job["outputs"][0]["url"]).is_success
    assert client.get(job["outputs"][0]["url"], headers={"Range": "bytes=9-99"}).is_success
    broken = wait_for_end(client, upload(client, whole[:5000]))
    assert broken["status"] == "FAILED"
    assert client.post("/upload", files={"file": b"no picture"}).status_code == 415
    assert client.delete(f"/jobs/{job['id']}").is_success
    assert client.get("/readyz").is_success
    backdate(postgres_address, broken["id"], timedelta(hours=2))
    process.wait_until(lambda: not client.get("/jobs").json()["jobs"], "old jobs are forgotten")
    for service in (gateway, worker):
        assert service.stop() == 0
        assert loop_file_access.FOUND not in service.logged(), service.logged()


@pytest.mark.long
def test_leases_are_renewed_steadily_while_the_worker_has_all_hands_full(
    environment: dict[str, str],
    postgres_address: PostgresAddress,
    tmp_path: Path,
    exit_stack: ExitStack,
) -> None:
    services = environment | {"LEASE_SECONDS": str(LEASE_SECONDS)}
    _, url = exit_stack.enter_context(running_api(services, tmp_path / "api.log"))
    client = exit_stack.enter_context(client_of(url))
    exit_stack.enter_context(
        running_worker(services, tmp_path / "worker.log", "--concurrency", "4")
    )
    connection = exit_stack.enter_context(connect(postgres_address))

    def remaining() -> float | None:
        """Return how many seconds the lease has left that runs out first."""
        ((seconds,),) = connection.execute(REMAINING).fetchall()
        return None if seconds is None else float(seconds)

    ids = [upload(client, picture(2000, 1500), pipeline=HEAVY) for _ in range(8)]
    process.wait_until(lambda: remaining() is not None, "work has begun")
    least, began = LEASE_SECONDS, time.monotonic()
    while (left := remaining()) is not None:
        least = min(least, left)
        time.sleep(0.02)
    assert time.monotonic() - began > LEASE_SECONDS  # or there was nothing to renew
    assert least > LEASE_SECONDS / 3
    jobs = [wait_for_end(client, job_id) for job_id in ids]
    assert {(job["status"], job["attempts"]) for job in jobs} == {("COMPLETED", 1)}
