"""The primary of PostgreSQL is lost, and its synchronous standby takes its place."""

import random
import signal
from pathlib import Path

import httpx
import pytest

from chaos.history import examine
from chaos.load import Load
from support.client import client_of, upload, wait_for_end
from support.pictures import picture
from support.process import running_api, running_worker, wait_until
from support.standby import ReplicatedPostgres

SLOW = '{"outputs": [{"width": 2500, "enlarge": true}]}'


@pytest.mark.long
def test_a_failover_to_a_standby_loses_no_job_and_restarts_no_service(
    postgres_template: Path, addresses: dict[str, str], tmp_path: Path
) -> None:
    storage = tmp_path / "storage"
    with ReplicatedPostgres.running(postgres_template) as postgres:
        of_redis = {name: value for name, value in addresses.items() if name.startswith("REDIS")}
        settings = of_redis | {"DATABASE_URL": postgres.url, "STORAGE_URL": storage.as_uri()}
        with (
            running_api(settings, tmp_path / "api.log") as (gateway, url),
            running_worker(settings, tmp_path / "worker.log") as worker,
            client_of(url, timeout=60) as client,
        ):
            before = [upload(client, picture(), pipeline=SLOW) for _ in range(8)]
            postgres.crash_primary()
            wait_until(lambda: not client.get("/readyz").is_success, "the gateway is not ready")
            refused = client.post("/upload", files={"file": picture()})
            assert refused.status_code == httpx.codes.SERVICE_UNAVAILABLE
            postgres.standby.promote()
            wait_until(lambda: client.get("/readyz").is_success, "the gateway is ready again")
            after = [upload(client, picture()) for _ in range(4)]
            for job_id in (*before, *after):
                assert wait_for_end(client, job_id)["status"] == "COMPLETED"
            assert gateway.process.poll() is None
            assert worker.process.poll() is None
            worker.process.send_signal(signal.SIGTERM)
            worker.process.wait(30)
        load = Load("", random.Random(0), good={*before, *after})
        assert examine(postgres.standby.address, storage, load).broken_promises() == []
