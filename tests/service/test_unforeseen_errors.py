"""Errors of PostgreSQL that nobody foresaw: a worker waits, says so, and goes on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from conftest import Gateway
from imagemill.settings.addresses import PostgresAddress
from support.client import upload, wait_for_end
from support.pictures import picture
from support.process import Service, free_port, running_worker, wait_until
from support.servers import connect

PHOTO = picture(64, 48)
SETTINGS = {"LEASE_SECONDS": "15"}


@contextmanager
def broken(address: PostgresAddress, statement: str, repair: str) -> Iterator[None]:
    with connect(address) as connection:
        connection.execute(statement)
        try:
            yield
        finally:
            connection.execute(repair)


@contextmanager
def watched_worker(gateway: Gateway, folder: Path) -> Iterator[tuple[Service, str]]:
    """Run a worker; yield it with the address of its health."""
    port = free_port()
    settings = gateway.environment | SETTINGS | {"HEALTH_PORT": str(port)}
    with running_worker(settings, folder / "worker.log") as worker:
        yield worker, f"http://127.0.0.1:{port}/healthz"


def told(health: str) -> httpx.Response:
    return httpx.get(health, timeout=30)


def test_a_table_that_is_missing_for_a_while_ends_no_worker(
    gateway: Gateway, postgres_address: PostgresAddress, tmp_path: Path
) -> None:
    rename = "ALTER TABLE jobs RENAME TO elsewhere", "ALTER TABLE elsewhere RENAME TO jobs"
    with watched_worker(gateway, tmp_path) as (worker, health):
        assert told(health).text.startswith("ok, sandbox ")
        with broken(postgres_address, *rename):
            for part in ("fetching jobs", "reaping"):
                wait_until(lambda part=part: part in told(health).text, f"{part} is told")  # type: ignore[misc]
            assert told(health).is_success
            assert 'relation "jobs" does not exist' in told(health).text
        job = wait_for_end(gateway.client, upload(gateway.client, PHOTO))
        assert job["status"] == "COMPLETED"
        wait_until(lambda: told(health).text.startswith("ok, sandbox "), "all is well again")
        assert worker.process.poll() is None


def test_a_result_that_the_table_refuses_costs_its_own_attempt(
    gateway: Gateway, postgres_address: PostgresAddress, tmp_path: Path
) -> None:
    refused = "ALTER TABLE jobs ADD CONSTRAINT refused CHECK (status <> 'COMPLETED')"
    with watched_worker(gateway, tmp_path) as (worker, _):
        with broken(postgres_address, refused, "ALTER TABLE jobs DROP CONSTRAINT refused"):
            job_id = upload(gateway.client, PHOTO)
            wait_until(lambda: "job.not_recorded" in worker.logged(), "the result is refused")
            wait_until(
                lambda: gateway.client.get(f"/jobs/{job_id}").json()["error"] is not None,
                "the attempt failed",
            )
            error = gateway.client.get(f"/jobs/{job_id}").json()["error"]
            assert error["code"] == "internal"
        job = wait_for_end(gateway.client, job_id)
        assert (job["status"], worker.process.poll()) == ("COMPLETED", None)
