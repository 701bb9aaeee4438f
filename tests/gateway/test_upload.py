"""POST /upload, over HTTP, against real servers."""

import hashlib
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from conftest import Gateway
from imagemill.http_digest import format_digest
from imagemill.imaging.engine.probe import SAMPLES
from imagemill.jobs.job import Priority
from imagemill.redis.queue import KEYS
from imagemill.settings.addresses import PostgresAddress, RedisAddress
from support.pictures import picture
from support.servers import connect, count_jobs, redis_client
from support.uploads import MULTIPART, RAW, form, multipart


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


@pytest.mark.parametrize("said", ["image/heic", "image/heif", "application/octet-stream"])
def test_a_heic_is_taken_whatever_it_is_called(said: str, gateway: Gateway) -> None:
    content = SAMPLES["heic"]
    answer = gateway.client.post("/upload", content=content, headers={"Content-Type": said})
    assert answer.status_code == httpx.codes.ACCEPTED
    job = answer.json()
    assert job["input"]["media_type"] == "image/heic"
    assert (gateway.storage / job["input_path"]).read_bytes() == content
    assert job["input_path"].endswith(".heic")
    sent_back = gateway.client.get(f"/jobs/{job['id']}/input")
    assert sent_back.headers["content-type"] == "image/heic"


def test_a_field_after_the_file_counts_as_one_before_it(api: httpx.Client) -> None:
    body = multipart(("file", "x.jpg", picture()), ("preset", None, b"thumbnail"))
    answer = api.post("/upload", content=body, headers=MULTIPART)
    assert answer.json()["pipeline"]["outputs"][0]["fit"] == "cover"


@pytest.mark.parametrize(
    ("disposition", "filename"),
    [
        ('name="file"; filename="../../x"', "x"),
        ('name="file"; filename="plain.jpg"; filename*=UTF-8\'\'%D0%BA%D0%BE%D1%82.jpg', "кот.jpg"),
        ('name="file"; filename="plain.jpg"; filename*=iso-8859-1\'en\'caf%E9', "café"),
        ('name="file"; filename="plain.jpg"; filename*=UTF-8\'\'%D0', "plain.jpg"),
        ('name="file"; filename="plain.jpg"; filename*=NOPE\'\'%D0', "plain.jpg"),
        ('name="file"; filename="plain.jpg"; filename*=undefined\'\'a', "plain.jpg"),
        ('name="file"; filename="plain.jpg"; filename*=utf-7\'\'%2B2AA-', "plain.jpg"),
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


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (format_digest(hashlib.sha256(picture()).hexdigest()), 202),
        (f"sha-512=:AAAA:, {format_digest(hashlib.sha256(picture()).hexdigest())}", 202),
        ("sha-512=:AAAA:", 202),
        (format_digest("00" * 32), 400),
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
    assert count_jobs(postgres_address) == 0
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
