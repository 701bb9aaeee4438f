"""Jobs from upload to end: real gateway and worker processes, real servers, real pictures."""

import asyncio
import json
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from PIL import Image

from conftest import Gateway
from imagemill.imaging.engine.probe import SAMPLES
from imagemill.settings.addresses import PostgresAddress
from support.client import (
    has_no_temporary_files,
    status_history,
    upload,
    wait_for_end,
)
from support.pictures import picture, png_bomb
from support.process import Service, running_worker, wait_until
from support.servers import connect

pytestmark = pytest.mark.usefixtures("worker")


def test_a_picture_goes_in_and_a_thumbnail_comes_out(gateway: Gateway) -> None:
    client = gateway.client
    job_id = upload(client, picture(800, 600), preset="thumbnail")
    job = wait_for_end(client, job_id)
    assert job["status"] == "COMPLETED", job
    assert (job["input"]["width"], job["input"]["height"]) == (800, 600)
    assert status_history(client, job_id) == ["PENDING", "PROCESSING", "COMPLETED"]
    thumbnail = Image.open(BytesIO(client.get(job["outputs"][0]["url"]).content))
    assert (thumbnail.format, thumbnail.size) == ("WEBP", (320, 320))
    assert has_no_temporary_files(gateway.storage)


def test_a_phones_picture_goes_in_and_a_jpeg_comes_out(api: httpx.Client) -> None:
    job = wait_for_end(api, upload(api, SAMPLES["heic"], width="32"))
    assert job["status"] == "COMPLETED", job
    assert [(output["media_type"], output["width"]) for output in job["outputs"]] == [
        ("image/jpeg", 32)
    ]


def test_several_outputs_come_from_one_upload(gateway: Gateway) -> None:
    client = gateway.client
    pipeline = {
        "outputs": [
            {"name": "large", "width": 400},
            {"name": "small", "width": 100, "format": "png"},
            {"name": "square", "width": 50, "height": 50, "fit": "cover", "format": "jpeg"},
        ]
    }
    job = wait_for_end(client, upload(client, picture(800, 600), pipeline=json.dumps(pipeline)))
    assert [(o["name"], o["width"], o["height"], o["media_type"]) for o in job["outputs"]] == [
        ("large", 400, 300, "image/jpeg"),
        ("small", 100, 75, "image/png"),
        ("square", 50, 50, "image/jpeg"),
    ]
    assert job["output_path"] == job["outputs"][0]["path"]
    for output in job["outputs"]:
        stored = (gateway.storage / output["path"]).read_bytes()
        assert client.get(output["url"]).content == stored
        assert len(stored) == output["bytes"]


def test_a_job_shows_the_analyses_it_was_asked_for_and_no_others(
    api: httpx.Client,
) -> None:
    content = BytesIO()
    Image.new("RGB", (320, 200), "#ff6600").save(content, "PNG")
    asked = {"outputs": [{"width": 100}], "analyze": ["palette", "dominant_color", "metadata"]}
    job = wait_for_end(api, upload(api, content.getvalue(), pipeline=json.dumps(asked)))
    assert job["pipeline"]["analyze"] == ["palette", "dominant_color", "metadata"]
    metadata = job["analysis"].pop("metadata")
    assert (metadata["format"], metadata["width"], metadata["height"]) == ("png", 320, 200)
    assert job["analysis"] == {"palette": ["#ff6600"], "dominant_color": "#ff6600"}
    assert wait_for_end(api, upload(api, content.getvalue()))["analysis"] is None
    unknown = api.post(
        "/upload",
        files={"file": ("x.png", content.getvalue())},
        data={"pipeline": json.dumps(asked | {"analyze": ["palette", "taste"]})},
    )
    assert unknown.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert [error["pointer"] for error in unknown.json()["errors"]] == ["/analyze/1"]


def test_hostile_pictures_fail_alone_and_the_next_upload_works(
    gateway: Gateway, worker: Service, tmp_path: Path
) -> None:
    client, whole = gateway.client, picture(640, 480)
    hostile = {
        "truncated": (whole[: len(whole) // 2], "invalid_image"),
        "bomb": (png_bomb(), "too_large"),
        "lie": (b"\x89PNG\r\n\x1a\n" + b"nonsense" * 100, "invalid_image"),
    }
    ids = {name: upload(client, content) for name, (content, _) in hostile.items()}
    good = upload(client, whole)
    for name, (_, code) in hostile.items():
        job = wait_for_end(client, ids[name])
        assert (job["status"], job["error"]["code"]) == ("FAILED", code), job
        assert job["error"]["detail"]
        assert job["attempts"] == 1
        assert (job["outputs"], job["output_path"]) == ([], None)
        assert str(tmp_path.parent) not in job["error"]["detail"]
    assert wait_for_end(client, good)["status"] == "COMPLETED"
    assert worker.process.poll() is None
    assert has_no_temporary_files(gateway.storage)


async def test_many_uploads_at_once_are_each_processed_exactly_once(
    gateway: Gateway, tmp_path: Path, postgres_address: PostgresAddress
) -> None:
    uploads = 200
    content = picture(200, 150)
    url, limits = gateway.client.base_url, httpx.Limits(max_connections=40)
    with running_worker(gateway.environment, tmp_path / "second.log", "--concurrency", "1"):
        async with httpx.AsyncClient(base_url=url, limits=limits, timeout=60) as client:

            async def send() -> httpx.Response:
                return await client.post("/upload", files={"file": ("x.jpg", content)})

            answers = await asyncio.gather(*(send() for _ in range(uploads)))
        assert {answer.status_code for answer in answers} == {httpx.codes.ACCEPTED}
        ids = {answer.json()["id"] for answer in answers}
        assert len(ids) == uploads
        with connect(postgres_address) as connection:

            def count() -> int:
                done = "SELECT count(*) FROM jobs WHERE status = 'COMPLETED'"
                return int(connection.execute(done).fetchall()[0][0])

            wait_until(lambda: count() == uploads, "all jobs are completed", lambda: str(count()))
            attempts = connection.execute(
                "SELECT job_id::text, count(*) FILTER (WHERE status = 'PROCESSING'),"
                " count(*) FILTER (WHERE status = 'COMPLETED'), count(DISTINCT worker)"
                " FROM job_events GROUP BY job_id"
            ).fetchall()
            workers = connection.execute(
                "SELECT DISTINCT worker FROM job_events WHERE worker IS NOT NULL"
            )
            assert len(workers.fetchall()) == 2
    assert {row[0] for row in attempts} == ids
    assert {row[1:] for row in attempts} == {(1, 1, 1)}
