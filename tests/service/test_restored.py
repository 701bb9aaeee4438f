"""An older backup of PostgreSQL meets a storage that went on."""

from pathlib import Path

import httpx

from imagemill.settings.addresses import PostgresAddress
from support.client import client_of, upload, wait_for_end
from support.pictures import picture
from support.process import running_api, running_worker
from support.servers import connect

BACKUP = "CREATE TEMP TABLE backup AS SELECT * FROM jobs"
RESTORE = "DELETE FROM jobs; INSERT INTO jobs SELECT * FROM backup"


def test_a_job_of_an_older_backup_is_done_again_beside_its_earlier_outputs(
    environment: dict[str, str], postgres_address: PostgresAddress, tmp_path: Path
) -> None:
    with (
        running_api(environment, tmp_path / "api.log") as (_, url),
        client_of(url) as client,
        connect(postgres_address) as database,
    ):
        job_id = upload(client, picture())
        database.execute(BACKUP)
        with running_worker(environment, tmp_path / "worker.log"):
            first = wait_for_end(client, job_id)
        # The next claim has the fence of the first one again, whose folder is there.
        database.execute(RESTORE)
        with running_worker(environment, tmp_path / "next.log"):
            second = wait_for_end(client, job_id)
        output = client.get(second["outputs"][0]["url"])
    assert (first["status"], second["status"]) == ("COMPLETED", "COMPLETED")
    assert second["attempts"] == 1
    assert second["output_path"] != first["output_path"]
    assert output.status_code == httpx.codes.OK
