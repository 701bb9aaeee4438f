"""Jobs and files that are to go, and the real workers that see to it."""

from pathlib import Path

import httpx

from conftest import Gateway
from imagemill.jobs.idempotency import accept_with_key
from imagemill.jobs.job import IdempotencyKey
from imagemill.jobs.store import JobStore
from imagemill.settings.addresses import PostgresAddress
from support.client import upload, wait_for_end
from support.jobs import new_job
from support.pictures import picture
from support.process import Service, running_worker, wait_until
from support.servers import connect


def files(storage: Path) -> list[Path]:
    return [path for path in storage.rglob("*") if path.is_file()]


def test_a_job_and_its_files_are_gone_when_its_time_is_over(
    gateway: Gateway, tmp_path: Path
) -> None:
    client, short = gateway.client, gateway.environment | {"RETENTION_SECONDS": "1"}
    with running_worker(short, tmp_path / "worker.log", "--concurrency", "1") as worker:
        job_id = upload(client, picture())
        wait_until(
            lambda: client.get(f"/jobs/{job_id}").status_code == httpx.codes.NOT_FOUND,
            "the job is forgotten",
            worker.logged,
        )
        wait_until(lambda: not files(gateway.storage), "the files are gone", worker.logged)


async def test_a_key_is_forgotten_when_its_day_is_over(
    worker: Service, postgres_address: PostgresAddress, job_store: JobStore
) -> None:
    await accept_with_key(job_store, new_job(), IdempotencyKey("a-key", b"content", None))
    with connect(postgres_address) as connection:
        connection.execute("UPDATE idempotency_keys SET created_at = now() - interval '25 h'")
        wait_until(
            lambda: not connection.execute("SELECT FROM idempotency_keys").fetchall(),
            "the key is forgotten",
            worker.logged,
        )


def test_a_job_deleted_while_storage_is_away_leaves_no_file_once_it_is_back(
    gateway: Gateway, worker: Service, postgres_address: PostgresAddress
) -> None:
    client, storage, since = gateway.client, gateway.storage, worker.log_size()
    job_id = upload(client, picture())
    assert wait_for_end(client, job_id)["status"] == "COMPLETED"
    away = storage.rename(storage.with_name("away"))
    try:
        assert client.delete(f"/jobs/{job_id}").status_code == httpx.codes.NO_CONTENT
        assert client.get(f"/jobs/{job_id}").status_code == httpx.codes.NOT_FOUND
        assert files(away)
        with connect(postgres_address) as connection:  # as if half a minute had passed
            connection.execute("UPDATE file_deletions SET due_at = now()")
        wait_until(
            lambda: "periodic_task.postponed" in worker.logged(since), "it is tried", worker.logged
        )
    finally:
        away.rename(storage)
    with connect(postgres_address) as connection:  # as if a minute had passed
        connection.execute("UPDATE file_deletions SET due_at = now()")
    wait_until(lambda: not files(storage), "the files are gone", lambda: str(files(storage)))
