"""Both clients with a real server: jobs from the upload to their deletion."""

import hashlib
import io
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from itertools import islice
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from PIL import Image

from client.conftest import ClientOf
from imagemill.client import (
    AsyncClient,
    Client,
    Conflict,
    Invalid,
    Job,
    JobNotCompleted,
    NotFound,
    Output,
    Pipeline,
    Status,
    Unauthorized,
    WaitTimeout,
)
from support.client import NO_CERTIFICATES
from support.keys import Keyring
from support.pictures import picture
from support.server import Server


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "Grüße “1”.jpg"
    path.write_bytes(picture())
    return path


def test_a_picture_is_uploaded_waited_for_and_downloaded(
    client: Client, photo: Path, tmp_path: Path
) -> None:
    job = client.upload(photo, width=32, format="webp", metadata={"album": [1, "ü"]})
    assert (job.status, job.input.filename) == (Status.PENDING, photo.name)
    ended = client.wait(job).require_completed()
    assert (ended.id, ended.status, ended.metadata) == (job.id, "COMPLETED", {"album": [1, "ü"]})
    assert (ended.input.width, ended.input.height) == (64, 48)
    target = tmp_path / "new" / "cat.webp"
    client.download(ended, target)
    with Image.open(target) as image:
        assert (image.format, image.size) == ("WEBP", (32, 24))
    assert client.read_output(str(ended.id), "image") == target.read_bytes()
    client.download(job, target)  # as it was when it was uploaded: it is read anew
    client.download_input(ended, tmp_path / "input")
    assert (tmp_path / "input").read_bytes() == photo.read_bytes()


def test_a_picture_may_come_from_anywhere(client: Client, photo: Path) -> None:
    content = photo.read_bytes()
    behind = io.BytesIO(b"not this" + content)
    behind.seek(8)
    with photo.open("rb") as opened:
        jobs = [
            client.upload(str(photo)),
            client.upload(opened),
            client.upload(behind),
            client.upload(content),
            client.upload(bytearray(content)),
            client.upload(in_pieces(content)),
        ]
    sha256 = hashlib.sha256(content).hexdigest()
    assert {(job.input.bytes, job.input.sha256) for job in jobs} == {(len(content), sha256)}
    assert [job.input.filename for job in jobs] == [photo.name] * 2 + ["upload"] * 4


def in_pieces(content: bytes) -> Iterator[bytes]:
    return (content[at : at + 100] for at in range(0, len(content), 100))


async def test_a_stream_of_a_coroutine_is_uploaded(server: Server) -> None:

    async def pieces() -> AsyncIterator[bytes]:
        yield picture()[:100]
        yield picture()[100:]

    async with AsyncClient(server.url) as client:
        job = await client.upload(pieces(), filename="cat.jpg")
    assert (job.input.bytes, job.input.filename) == (len(picture()), "cat.jpg")


def test_everything_about_an_upload_arrives(client: Client) -> None:
    pipeline: Pipeline = {
        "outputs": [{"name": "a", "width": 9}, {"name": "b", "grayscale": True}],
        "analyze": ["dominant_color"],
    }
    job = client.upload(picture(), filename="ü.jpg", pipeline=pipeline, priority="high", wait=30)
    assert job.pipeline == pipeline
    assert (job.input.filename, job.priority, job.status) == ("ü.jpg", "high", "COMPLETED")
    assert [output.name for output in job.outputs] == ["a", "b"]
    assert job.analysis is not None
    assert job.analysis["dominant_color"].startswith("#")
    options: Output = {"grayscale": True, "crop": {"left": 1, "top": 2, "width": 9, "height": 9}}
    job = client.upload(picture(), **options)
    assert job.pipeline == {"outputs": [{"name": "image", **options}]}


@pytest.mark.usefixtures("frozen_worker")
def test_a_wait_has_an_end(client: Client) -> None:
    job = client.upload(picture())
    with pytest.raises(WaitTimeout, match=r"Job .* is P[A-Z]+ after 0 s") as caught:
        client.wait(job, timeout_seconds=0)
    assert isinstance(caught.value, TimeoutError)
    assert caught.value.job.id == job.id
    client.delete(job)


def test_a_failed_job_says_why(client: Client, tmp_path: Path) -> None:
    job = client.wait(client.upload(picture(400, 300)[:2000]))
    assert job.error is not None
    assert (job.status, job.error.code) == ("FAILED", "invalid_image")
    with pytest.raises(JobNotCompleted, match="is FAILED: invalid_image: ") as caught:
        client.download(job, tmp_path / "cat.webp")
    assert caught.value.job == job
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("frozen_worker")
def test_a_job_is_canceled_retried_and_deleted(client: Client) -> None:
    job = client.upload(picture())
    assert client.cancel(job).status is Status.CANCELED
    with pytest.raises(Conflict) as caught:
        client.cancel(job)
    assert (caught.value.slug, caught.value.status) == ("conflict", 409)
    assert client.retry(job.id).status is Status.PENDING
    client.delete(job)
    with pytest.raises(NotFound):
        client.delete(job)
    with pytest.raises(NotFound):
        client.job(job)


def test_the_life_of_a_job_is_told(client: Client) -> None:
    job = client.upload(picture(), wait=30)
    assert client.job(job) == job
    assert [one.status for one in client.history(job)] == ["PENDING", "PROCESSING", "COMPLETED"]
    assert client.explain(job).summary.startswith("It ")
    assert client.deliveries(job) == ()
    link = client.create_link(job, expires_in=60)
    assert httpx.get(link.url, timeout=30).content == client.read_output(job)


def test_jobs_are_listed_as_far_as_they_are_used(client: Client) -> None:
    newest = [client.upload(picture()).id for _ in range(3)][::-1]
    assert [job.id for job in islice(client.jobs(page_size=2), 3)] == newest
    client.wait(newest[0])
    for job in newest[1:]:
        client.wait(job)
    completed = client.jobs(status=[Status.COMPLETED, "CANCELED"], page_size=2)
    assert [job.id for job in islice(completed, 3)] == newest
    assert newest[0] not in {job.id for job in client.jobs(status="FAILED")}


def test_what_the_server_refuses_names_the_fields(client: Client) -> None:
    with pytest.raises(Invalid) as caught:
        client.upload(picture(), width=0, fit="circle")  # type: ignore[arg-type]
    assert caught.value.slug == "invalid-request"
    assert {error.pointer for error in caught.value.errors} == {
        "/outputs/0/width",
        "/outputs/0/fit",
    }
    assert "\n  /outputs/0/width: Input should be" in str(caught.value)
    with pytest.raises(NotFound):
        client.job(uuid4())
    with pytest.raises(ValueError, match=r"'\.\./presets' is not the id of a job"):
        client.job("../presets")


def test_what_a_server_can_do(client: Client) -> None:
    assert "default" in client.presets()
    capabilities = client.capabilities()
    assert "image/jpeg" in capabilities.inputs
    assert capabilities.limits.max_pixels == 100_000_000


def test_the_key_is_sent_and_a_missing_one_is_told(
    client_of: ClientOf, server: Server, keyring: Keyring
) -> None:
    key = keyring.add("shop")["Authorization"].removeprefix("Bearer ")
    job: Job = client_of(server.url, key).upload(picture())
    with pytest.raises(Unauthorized) as caught:
        client_of(server.url).job(job)
    assert (caught.value.slug, caught.value.tries) == ("unauthorized", 1)


def test_a_file_is_never_wholly_in_memory(server: Server, tmp_path: Path) -> None:
    huge = tmp_path / "huge.jpg"
    huge.write_bytes(picture() + bytes(30_000_000))
    with Client(server.url, verify=NO_CERTIFICATES) as client:
        client.presets()
        tracemalloc.start()
        try:
            job = client.upload(huge)
            client.download_input(job, tmp_path / "again.jpg")
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        client.delete(job)
    assert (tmp_path / "again.jpg").stat().st_size == huge.stat().st_size
    assert peak < 5_000_000
