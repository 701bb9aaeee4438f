"""From upload to result, with one worker and with several."""

import pytest

from containers.client import Client
from containers.stack import Stack
from support.pictures import picture

pytestmark = [pytest.mark.containers, pytest.mark.timeout(1200)]


def test_an_upload_becomes_a_thumbnail(client: Client) -> None:
    job_id = client.upload(picture(1024, 768), preset="thumbnail")

    (job,) = client.wait(job_id)
    thumbnail = client.output(job_id)

    assert (job["status"], job["error"]) == ("COMPLETED", None)
    assert (thumbnail.format, thumbnail.size) == ("WEBP", (320, 320))
    thumbnail.load()


def test_several_workers_share_a_burst(stack: Stack, client: Client) -> None:
    stack.up(workers=4)

    job_ids = [client.upload(picture(1600, 1200), preset="thumbnail") for _ in range(60)]
    jobs = client.wait(*job_ids)

    assert {job["status"] for job in jobs} == {"COMPLETED"}
    claims = [client.workers(job_id) for job_id in job_ids]
    assert {len(workers) for workers in claims} == {1}
    assert len({worker for workers in claims for worker in workers}) > 1
