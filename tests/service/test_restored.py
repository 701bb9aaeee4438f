"""An older backup of PostgreSQL meets a storage that went on."""

import httpx

from support.client import upload, wait_for_end
from support.fault_stack import FaultStack
from support.pictures import picture
from support.servers import connect

BACKUP = "CREATE TEMP TABLE backup AS SELECT * FROM jobs"
RESTORE = "DELETE FROM jobs; INSERT INTO jobs SELECT * FROM backup"


def test_a_job_of_an_older_backup_is_done_again_beside_its_earlier_outputs(
    stack: FaultStack,
) -> None:
    client = stack.client
    with connect(stack.postgres) as database:
        job_id = upload(client, picture())
        database.execute(BACKUP)
        worker = stack.start_worker()
        first = wait_for_end(client, job_id)
        assert worker.stop() == 0
        # The next claim has the fence of the first one again, whose folder is there.
        database.execute(RESTORE)
        stack.use_spare_worker()
        second = wait_for_end(client, job_id)
        output = client.get(second["outputs"][0]["url"])
    assert (first["status"], second["status"]) == ("COMPLETED", "COMPLETED")
    assert second["attempts"] == 1
    assert second["output_path"] != first["output_path"]
    assert output.status_code == httpx.codes.OK
