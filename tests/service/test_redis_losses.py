"""Redis is wiped, or not there from the beginning: every job is found in PostgreSQL."""

from pathlib import Path

from conftest import Gateway
from imagemill.settings.addresses import RedisAddress
from support.client import client_of, upload, wait_for_end
from support.pictures import picture
from support.process import free_port, running_api, running_worker, wait_until
from support.servers import redis_client


def test_a_wiped_redis_loses_nothing(
    gateway: Gateway, tmp_path: Path, redis_address: RedisAddress
) -> None:
    client = gateway.client
    ids = [upload(client, picture()) for _ in range(10)]
    with redis_client(redis_address) as redis:
        redis.flushall()
    with running_worker(gateway.environment, tmp_path / "worker.log", "--concurrency", "1"):
        jobs = [wait_for_end(client, job_id) for job_id in ids]
    assert {job["status"] for job in jobs} == {"COMPLETED"}


def test_without_redis_uploads_are_taken_and_jobs_done(
    environment: dict[str, str], tmp_path: Path
) -> None:
    nowhere = environment | {"REDIS_PORT": str(free_port())}
    with (
        running_api(nowhere, tmp_path / "api.log") as (_, url),
        running_worker(nowhere, tmp_path / "worker.log", "--concurrency", "1"),
        client_of(url) as client,
    ):
        wait_until(
            lambda: (
                client.get("/readyz").json().items()
                >= {"postgres": "ok", "redis": "away", "storage": "ok"}.items()
            ),
            "the gateway is ready without Redis",
        )
        assert wait_for_end(client, upload(client, picture()))["status"] == "COMPLETED"
