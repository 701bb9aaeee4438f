"""What POST /upload refuses, and that it leaves nothing behind."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import Request
from starlette.types import Message

from conftest import SHARED_LIMIT, Gateway
from imagemill.gateway.errors import NotAnImage
from imagemill.gateway.upload.upload_reader import UploadReader
from imagemill.imaging.engine.probe import SAMPLES
from imagemill.imaging.formats import FORMATS
from imagemill.settings.addresses import PostgresAddress
from imagemill.storage.local.local_storage import LocalStorage
from imaging.camera_raws import MAKE, PHOTOMETRIC, RGB, camera_raw, dng, tiff
from support.pictures import picture
from support.process import wait_until
from support.servers import count_jobs
from support.uploads import MULTIPART, RAW, form, multipart

IMAGE = ("file", "x.jpg", picture())


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"no form at all", 400),
        (multipart(("preset", None, b"thumbnail")), 400),
        (multipart(IMAGE, IMAGE), 400),
        (multipart(IMAGE)[:-20], 400),
        (b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n", 400),
        (b"--b\r\nNonsense\r\n\r\nx\r\n--b--\r\n", 400),
        (b"--b\r\n\r\nx\r\n--b--\r\n", 400),
        (multipart(("file", "x.jpg", b"")), 415),
        (multipart(("file", "x.jpg", b"no image")), 415),
        (multipart(("file", "x.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>")), 415),
        (multipart(IMAGE, ("unknown", None, b"1")), 422),
        (multipart(IMAGE, ("picture", "x.jpg", picture())), 400),
        (multipart(IMAGE, ("preset", None, b"\xff\xfe")), 422),
        (multipart(IMAGE, *[("metadata", None, b"{}")] * 2), 422),
        (multipart(IMAGE, ("metadata", None, b"x" * 70_000)), 413),
        (multipart(IMAGE, *[("preset", None, b"")] * 70), 413),
        (multipart(("file", "x.jpg", picture() + bytes(SHARED_LIMIT))), 413),
    ],
)
def test_a_bad_form_is_refused_and_leaves_nothing(
    body: bytes, status: int, gateway: Gateway, postgres_address: PostgresAddress
) -> None:
    before = gateway.files()
    answer = gateway.client.post("/upload", content=body, headers=MULTIPART)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["type"].startswith("/problems/")
    assert problem["detail"]
    assert ("errors" in problem) == (status == httpx.codes.UNPROCESSABLE_ENTITY)
    assert gateway.files() == before
    assert count_jobs(postgres_address) == 0


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 415),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/json"}, 415),
        ({"Content-Type": "multipart/form-data"}, 400),
        ({"Content-Type": "multipart/form-data; boundary=" + "b" * 500}, 400),
    ],
)
def test_a_body_of_another_type_is_refused(
    headers: dict[str, str], status: int, api: httpx.Client
) -> None:
    answer = api.post("/upload", content=picture(), headers=headers)
    assert answer.status_code == status


@pytest.mark.parametrize("content", [b"", b"BM" + bytes(100), b"%PDF-1.7", b"\xff\xd8"])
def test_bytes_that_are_no_known_image_are_refused(content: bytes, gateway: Gateway) -> None:
    before = gateway.files()
    answer = gateway.client.post("/upload", content=content, headers=RAW)
    assert answer.status_code == httpx.codes.UNSUPPORTED_MEDIA_TYPE
    assert gateway.files() == before


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (dng(), "DNG"),
        (camera_raw("NIKON CORPORATION") + bytes(200_000), "Nikon NEF"),
        (dng(at=300_000), "DNG"),
        (b"FUJIFILMCCD-RAW 0201" + bytes(100), "Fujifilm RAF"),
        (b"IIU\0\x18\0\0\0" + bytes(100), "Panasonic RW2"),
        (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(100), "Canon CR3"),
    ],
)
def test_a_camera_raw_is_refused_by_its_name(content: bytes, name: str, gateway: Gateway) -> None:
    before = gateway.files()
    bare = gateway.client.post("/upload", content=content, headers=RAW)
    in_a_form = gateway.client.post("/upload", **form(content))
    for answer in (bare, in_a_form):
        assert answer.status_code == httpx.codes.UNSUPPORTED_MEDIA_TYPE
        assert f"({name})" in answer.json()["detail"]
    assert gateway.files() == before


@pytest.mark.parametrize("at", [8, 300_000])
def test_a_tiff_that_names_a_camera_is_accepted(at: int, gateway: Gateway) -> None:
    content = tiff({PHOTOMETRIC: RGB, MAKE: b"NIKON CORPORATION\0"}, at=at)
    answer = gateway.client.post("/upload", content=content, headers=RAW)
    assert answer.status_code == httpx.codes.ACCEPTED


async def test_a_format_that_failed_its_test_at_start_is_refused(tmp_path: Path) -> None:
    async def receive() -> Message:
        return {"type": "http.request", "body": SAMPLES["heic"]}

    headers = [(b"content-type", b"image/heic")]
    request = Request({"type": "http", "headers": headers, "query_string": b""}, receive)

    storage = LocalStorage.open(tmp_path, reserve_bytes=0)
    async with storage as opened, opened.begin() as pending_file:
        reader = UploadReader(pending_file, FORMATS.values(), SHARED_LIMIT)
        with pytest.raises(NotAnImage, match=r"are: image/avif, .*image/webp"):
            await reader.read(request)


def test_wrong_fields_are_named_by_json_pointers(api: httpx.Client) -> None:
    pipeline = {"outputs": [{"name": "a", "width": 0}, {"name": "a"}]}
    answer = api.post("/upload", **form(pipeline=json.dumps(pipeline)))
    assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/outputs/0/width"]


def test_the_largest_image_allowed_is_taken_and_one_byte_more_is_not(gateway: Gateway) -> None:
    head = picture()
    largest = head + bytes(SHARED_LIMIT - len(head))
    assert gateway.client.post("/upload", **form(largest)).status_code == httpx.codes.ACCEPTED
    before = gateway.files()
    for answer in (
        gateway.client.post("/upload", **form(largest + b"x")),
        gateway.client.post("/upload", content=largest + b"x", headers=RAW),
        gateway.client.post("/upload", content=chunked(largest + b"x"), headers=RAW),
    ):
        assert answer.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE
        assert str(SHARED_LIMIT) in answer.json()["detail"]
    assert gateway.files() == before


def chunked(content: bytes) -> Iterator[bytes]:
    for start in range(0, len(content), 65536):
        yield content[start : start + 65536]


def test_a_too_large_body_is_refused_while_it_streams(gateway: Gateway) -> None:
    """The response comes before the end of a body whose length was not announced."""
    url = gateway.client.base_url
    with socket.create_connection((url.host, url.port or 80), timeout=30) as connection:
        connection.sendall(
            b"POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        for chunk in chunked(picture() + bytes(SHARED_LIMIT)):
            connection.sendall(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 413 ")


def test_a_client_that_disconnects_leaves_no_row_and_no_file(
    gateway: Gateway, postgres_address: PostgresAddress
) -> None:
    before = gateway.files()
    url = gateway.client.base_url
    with socket.create_connection((url.host, url.port or 80), timeout=30) as connection:
        connection.sendall(
            b"POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\n"
            b"Content-Length: 1000000\r\n\r\n" + picture() + bytes(600_000)
        )
        wait_until(lambda: gateway.unfinished_files() > 0, "the upload is being written")
    wait_until(lambda: gateway.unfinished_files() == 0, "the upload is forgotten")
    assert gateway.files() == before
    assert count_jobs(postgres_address) == 0
