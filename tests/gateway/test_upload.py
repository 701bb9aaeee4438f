"""POST /upload, over HTTP, against real servers."""

import hashlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from conftest import SHARED_LIMIT, Gateway
from imagemill.addresses import PostgresAddress, RedisAddress
from imagemill.gateway.digest import to_header
from imagemill.jobs.job import Priority
from imagemill.jobs.line import KEYS
from support.pictures import picture
from support.process import wait_until
from support.servers import connect, redis_client

RAW = {"Content-Type": "application/octet-stream"}


def rows(address: PostgresAddress) -> int:
    with connect(address) as connection:
        return connection.execute("SELECT count(*) FROM jobs").fetchall()[0][0]  # type: ignore[no-any-return]


def form(content: bytes = b"", name: str = "cat.jpg", **fields: str) -> dict[str, Any]:
    return {"files": {"file": (name, content or picture())}, "data": fields}


def test_an_upload_is_stored_recorded_and_announced_before_it_is_answered(
    gateway: Gateway, postgres_address: PostgresAddress, redis_address: RedisAddress
) -> None:
    content = picture()
    answer = gateway.client.post("/upload", **form(content, metadata='{"album": "42"}'))
    assert answer.status_code == httpx.codes.ACCEPTED
    job = answer.json()
    assert answer.headers["location"] == f"/jobs/{job['id']}"
    assert (job["status"], job["attempts"], job["output_path"]) == ("PENDING", 0, None)
    assert (job["outputs"], job["error"], job["metadata"]) == ([], None, {"album": "42"})
    assert job["input"] == {
        "filename": "cat.jpg",
        "media_type": "image/jpeg",
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "width": None,
        "height": None,
        "frames": None,
    }
    assert (gateway.storage / job["input_path"]).read_bytes() == content
    with connect(postgres_address) as connection:
        found = connection.execute(
            "SELECT id, status, input_path, output_path FROM jobs"
        ).fetchall()
    assert found == [(UUID(job["id"]), "PENDING", job["input_path"], None)]
    with redis_client(redis_address) as client:
        assert client.lrange(KEYS[Priority.NORMAL], 0, -1) == [job["id"].encode()]
    assert gateway.client.get(f"/jobs/{job['id']}").json() == job


def test_the_image_may_be_the_body_itself_with_fields_in_the_query(api: httpx.Client) -> None:
    answer = api.post(
        "/upload",
        params={"width": "32", "format": "png", "priority": "high", "metadata": '{"a":1}'},
        content=picture(),
        headers={b"Content-Type": b"image/jpeg", b"X-Filename": "кот.jpg".encode()},
    )
    assert answer.status_code == httpx.codes.ACCEPTED
    job = answer.json()
    assert job["pipeline"] == {"outputs": [{"name": "image", "width": 32, "format": "png"}]}
    assert (job["priority"], job["metadata"]) == ("high", {"a": 1})
    assert job["input"]["filename"] == "кот.jpg"


def test_a_field_after_the_file_counts_as_one_before_it(api: httpx.Client) -> None:
    body = multipart(("file", "x.jpg", picture()), ("preset", None, b"thumbnail"))
    answer = api.post("/upload", content=body, headers=MULTIPART)
    assert answer.json()["pipeline"]["outputs"][0]["fit"] == "cover"


@pytest.mark.parametrize(
    ("disposition", "filename"),
    [
        ('name="file"; filename="../../x"', "x"),
        ('name="file"; filename="plain.jpg"; filename*=UTF-8\'\'%D0%BA%D0%BE%D1%82.jpg', "кот.jpg"),
        ('name="file"; filename="plain.jpg"; filename*=NOPE\'\'%D0', "plain.jpg"),
        ('name="file"; filename="кот.jpg"', "кот.jpg"),
        ('name="file"', None),
    ],
)
def test_the_filename_is_the_clients_but_never_a_path(
    disposition: str, filename: str | None, gateway: Gateway
) -> None:
    body = (
        f"--b\r\nContent-Disposition: form-data; {disposition}\r\n\r\n".encode()
        + picture()
        + b"\r\n--b--\r\n"
    )
    job = gateway.client.post("/upload", content=body, headers=MULTIPART).json()
    assert job["input"]["filename"] == filename
    assert Path(job["input_path"]).name == f"{job['id']}.jpg"
    assert (gateway.storage / job["input_path"]).is_file()


MULTIPART = {"Content-Type": "multipart/form-data; boundary=b"}


def multipart(*parts: tuple[str, str | None, bytes]) -> bytes:
    body = b""
    for name, filename, content in parts:
        extra = f'; filename="{filename}"' if filename else ""
        body += f'--b\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n'.encode()
        body += content + b"\r\n"
    return body + b"--b--\r\n"


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
        (multipart(IMAGE, ("preset", "x.txt", b"thumbnail")), 422),
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
    assert rows(postgres_address) == 0


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


@pytest.mark.parametrize("content", [b"", b"GIF87a" + bytes(100), b"%PDF-1.7", b"\xff\xd8"])
def test_bytes_that_are_no_known_image_are_refused(content: bytes, gateway: Gateway) -> None:
    before = gateway.files()
    answer = gateway.client.post("/upload", content=content, headers=RAW)
    assert answer.status_code == httpx.codes.UNSUPPORTED_MEDIA_TYPE
    assert gateway.files() == before


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


def test_too_much_is_refused_while_it_streams(gateway: Gateway) -> None:
    """The answer comes although the body has not ended: nobody says how long it would become."""
    url = gateway.client.base_url
    with socket.create_connection((url.host, url.port or 80), timeout=30) as connection:
        connection.sendall(
            b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        for chunk in chunked(picture() + bytes(SHARED_LIMIT)):
            connection.sendall(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 413 ")


def test_a_client_that_goes_away_leaves_no_row_and_no_file(
    gateway: Gateway, postgres_address: PostgresAddress
) -> None:
    before = gateway.files()
    url = gateway.client.base_url
    with socket.create_connection((url.host, url.port or 80), timeout=30) as connection:
        connection.sendall(
            b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n"
            b"Content-Length: 1000000\r\n\r\n" + picture() + bytes(600_000)
        )
        wait_until(lambda: gateway.files() != before, "the upload is being written")
    wait_until(lambda: gateway.files() == before, "the upload is forgotten")
    assert rows(postgres_address) == 0


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (to_header(hashlib.sha256(picture()).hexdigest()), 202),
        (f"sha-512=:AAAA:, {to_header(hashlib.sha256(picture()).hexdigest())}", 202),
        ("sha-512=:AAAA:", 202),
        (to_header("00" * 32), 400),
        ("sha-256=AAAA", 400),
        ("sha-256=:A:", 400),
        ("", 400),
    ],
)
def test_an_image_is_held_against_the_digest_that_was_announced(
    header: str, status: int, gateway: Gateway
) -> None:
    before = gateway.files()
    digest = {"Repr-Digest": header}
    for answer in (
        gateway.client.post("/upload", headers=digest, **form()),
        gateway.client.post("/upload", headers=digest | RAW, content=picture()),
    ):
        assert answer.status_code == status
    assert len(gateway.files() - before) == (2 if status == httpx.codes.ACCEPTED else 0)


def test_without_postgres_nothing_is_accepted_and_nothing_left(
    gateway: Gateway, postgres_address: PostgresAddress
) -> None:
    before = gateway.files()
    with connect(postgres_address) as connection:
        connection.execute("ALTER TABLE jobs RENAME TO jobs_away")
        try:
            answer = gateway.client.post("/upload", **form())
        finally:
            connection.execute("ALTER TABLE jobs_away RENAME TO jobs")
    assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
    assert answer.headers["retry-after"].isdigit()
    assert gateway.files() == before
    assert rows(postgres_address) == 0
    assert 'relation \\"jobs\\" does not exist' in gateway.service.logged()


def test_a_row_that_postgres_refuses_is_logged_with_its_cause(
    gateway: Gateway, postgres_address: PostgresAddress
) -> None:
    with connect(postgres_address) as connection:
        connection.execute("ALTER TABLE jobs ADD CONSTRAINT closed CHECK (false) NOT VALID")
        try:
            answer = gateway.client.post("/upload", **form())
        finally:
            connection.execute("ALTER TABLE jobs DROP CONSTRAINT closed")
    assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
    assert "closed" in gateway.service.logged()


def test_an_input_stays_when_nobody_knows_whether_its_job_was_recorded(
    gateway: Gateway, postgres_address: PostgresAddress
) -> None:
    """The row may have been written: a job without its input would be lost."""
    before = gateway.files()
    with connect(postgres_address) as connection:
        connection.execute(
            "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$"
        )
        connection.execute(
            "CREATE TRIGGER dies BEFORE INSERT ON jobs FOR EACH ROW EXECUTE FUNCTION die()"
        )
        try:
            answer = gateway.client.post("/upload", **form())
        finally:
            connection.execute("DROP FUNCTION die() CASCADE")
    assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
    assert len(gateway.files() - before) == 1
    assert "upload.outcome_unknown" in gateway.service.logged()
