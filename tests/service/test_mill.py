"""The mill end to end: real gateway and worker processes, real servers, real pictures."""

import asyncio
import json
from io import BytesIO
from pathlib import Path

import httpx
from PIL import Image

from imagemill.imaging.engine.probe import HEIC_SAMPLE
from imagemill.settings.addresses import PostgresAddress, RedisAddress
from support.client import (
    client_of,
    has_no_temporary_files,
    status_history,
    storage_of,
    upload,
    wait_for_end,
)
from support.pictures import picture, png_bomb
from support.process import free_port, running_api, running_worker, wait_until
from support.servers import connect, redis_client


def test_a_picture_goes_in_and_a_thumbnail_comes_out(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with (
        running_api(environment, tmp_path / "api.log") as (_, url),
        running_worker(environment, tmp_path / "worker.log"),
        client_of(url) as client,
    ):
        job_id = upload(client, picture(800, 600), preset="thumbnail")
        job = wait_for_end(client, job_id)
        assert job["status"] == "COMPLETED", job
        assert (job["input"]["width"], job["input"]["height"]) == (800, 600)
        assert status_history(client, job_id) == ["PENDING", "PROCESSING", "COMPLETED"]
        thumbnail = Image.open(BytesIO(client.get(job["outputs"][0]["url"]).content))
        assert (thumbnail.format, thumbnail.size) == ("WEBP", (320, 320))
        assert has_no_temporary_files(storage_of(environment))


def test_a_phones_picture_goes_in_and_a_jpeg_comes_out(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with (
        running_api(environment, tmp_path / "api.log") as (_, url),
        running_worker(environment, tmp_path / "worker.log"),
        client_of(url) as client,
    ):
        job = wait_for_end(client, upload(client, HEIC_SAMPLE, width="32"))
        assert job["status"] == "COMPLETED", job
        assert [(output["media_type"], output["width"]) for output in job["outputs"]] == [
            ("image/jpeg", 32)
        ]


def test_several_outputs_come_from_one_upload(environment: dict[str, str], tmp_path: Path) -> None:
    pipeline = {
        "outputs": [
            {"name": "large", "width": 400},
            {"name": "small", "width": 100, "format": "png"},
            {"name": "square", "width": 50, "height": 50, "fit": "cover", "format": "jpeg"},
        ]
    }
    with (
        running_api(environment, tmp_path / "api.log") as (_, url),
        running_worker(environment, tmp_path / "worker.log"),
        client_of(url) as client,
    ):
        job = wait_for_end(client, upload(client, picture(800, 600), pipeline=json.dumps(pipeline)))
        assert [(o["name"], o["width"], o["height"], o["media_type"]) for o in job["outputs"]] == [
            ("large", 400, 300, "image/jpeg"),
            ("small", 100, 75, "image/png"),
            ("square", 50, 50, "image/jpeg"),
        ]
        assert job["output_path"] == job["outputs"][0]["path"]
        for output in job["outputs"]:
            stored = (storage_of(environment) / output["path"]).read_bytes()
            assert client.get(output["url"]).content == stored
            assert len(stored) == output["bytes"]


def test_a_job_shows_the_analyses_it_was_asked_for_and_no_others(
    environment: dict[str, str], tmp_path: Path
) -> None:
    content = BytesIO()
    Image.new("RGB", (320, 200), "#ff6600").save(content, "PNG")
    asked = {"outputs": [{"width": 100}], "analyze": ["palette", "dominant_color", "metadata"]}
    with (
        running_api(environment, tmp_path / "api.log") as (_, url),
        running_worker(environment, tmp_path / "worker.log"),
        client_of(url) as client,
    ):
        job = wait_for_end(client, upload(client, content.getvalue(), pipeline=json.dumps(asked)))
        assert job["pipeline"]["analyze"] == ["palette", "dominant_color", "metadata"]
        metadata = job["analysis"].pop("metadata")
        assert (metadata["format"], metadata["width"], metadata["height"]) == ("png", 320, 200)
        assert job["analysis"] == {"palette": ["#ff6600"], "dominant_color": "#ff6600"}
        assert wait_for_end(client, upload(client, content.getvalue()))["analysis"] is None
        unknown = client.post(
            "/upload",
            files={"file": ("x.png", content.getvalue())},
            data={"pipeline": json.dumps(asked | {"analyze": ["palette", "taste"]})},
        )
        assert unknown.status_code == httpx.codes.UNPROCESSABLE_ENTITY
        assert [error["pointer"] for error in unknown.json()["errors"]] == ["/analyze/1"]


def test_a_watermark_is_drawn_and_one_whose_image_vanished_is_told(
    environment: dict[str, str], tmp_path: Path
) -> None:
    assets = tmp_path / "assets"
    assets.mkdir()
    for name in ("stays.png", "goes.png"):
        Image.new("RGB", (50, 50), "#ff0000").save(assets / name)
    environment |= {"ASSETS_DIR": str(assets)}
    stays, goes = (
        json.dumps({"image": name, "opacity": 1, "margin": 0}) for name in ("stays.png", "goes.png")
    )
    with (
        running_api(environment, tmp_path / "api.log") as (_, url),
        client_of(url) as client,
    ):
        marked = upload(client, picture(400, 300), watermark=stays, format="png")
        vanished = upload(client, picture(400, 300), watermark=goes)
        (assets / "goes.png").unlink()
        with running_worker(environment, tmp_path / "worker.log"):
            job = wait_for_end(client, marked)
            made = Image.open(BytesIO(client.get(job["outputs"][0]["url"]).content))
            assert made.convert("RGB").getpixel((399, 299)) == (255, 0, 0)
            job = wait_for_end(client, vanished)
    assert (job["status"], job["attempts"]) == ("FAILED", 1)
    assert job["error"] == {
        "code": "does_not_fit",
        "detail": "There is no image 'goes.png' in the folder of images.",
    }


def test_hostile_pictures_fail_alone_and_the_next_upload_works(
    environment: dict[str, str], tmp_path: Path
) -> None:
    whole = picture(640, 480)
    hostile = {
        "truncated": (whole[: len(whole) // 2], "invalid_image"),
        "bomb": (png_bomb(), "too_large"),
        "lie": (b"\x89PNG\r\n\x1a\n" + b"nonsense" * 100, "invalid_image"),
    }
    with (
        running_api(environment, tmp_path / "api.log") as (_, url),
        running_worker(environment, tmp_path / "worker.log") as worker,
        client_of(url) as client,
    ):
        ids = {name: upload(client, content) for name, (content, _) in hostile.items()}
        good = upload(client, whole)
        for name, (_, code) in hostile.items():
            job = wait_for_end(client, ids[name])
            assert (job["status"], job["error"]["code"]) == ("FAILED", code), job
            assert job["error"]["detail"]
            assert job["attempts"] == 1
            assert (job["outputs"], job["output_path"]) == ([], None)
            assert str(tmp_path) not in job["error"]["detail"]
        assert wait_for_end(client, good)["status"] == "COMPLETED"
        assert worker.process.poll() is None
        assert has_no_temporary_files(storage_of(environment))


async def test_many_uploads_at_once_are_each_processed_exactly_once(
    environment: dict[str, str], tmp_path: Path, postgres_address: PostgresAddress
) -> None:
    uploads = 200
    content = picture(200, 150)
    with (
        running_api(environment, tmp_path / "api.log") as (_, url),
        running_worker(environment, tmp_path / "one.log"),
        running_worker(environment, tmp_path / "two.log"),
    ):
        limits = httpx.Limits(max_connections=40)
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


def test_a_wiped_redis_loses_nothing(
    environment: dict[str, str], tmp_path: Path, redis_address: RedisAddress
) -> None:
    with (
        running_api(environment, tmp_path / "api.log") as (_, url),
        client_of(url) as client,
    ):
        ids = [upload(client, picture()) for _ in range(10)]
        with redis_client(redis_address) as redis:
            redis.flushall()
        with running_worker(environment, tmp_path / "worker.log"):
            assert {wait_for_end(client, job_id)["status"] for job_id in ids} == {"COMPLETED"}


def test_without_redis_uploads_are_taken_and_jobs_done(
    environment: dict[str, str], tmp_path: Path
) -> None:
    nowhere = environment | {"REDIS_PORT": str(free_port())}
    with (
        running_api(nowhere, tmp_path / "api.log") as (_, url),
        running_worker(nowhere, tmp_path / "worker.log"),
        client_of(url) as client,
    ):
        states = client.get("/readyz").json()
        assert (states["postgres"], states["redis"], states["storage"]) == ("ok", "away", "ok")
        assert wait_for_end(client, upload(client, picture()), seconds=15)["status"] == "COMPLETED"
