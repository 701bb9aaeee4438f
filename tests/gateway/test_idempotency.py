"""Idempotency-Key, over HTTP: one job however often an upload is sent."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from uuid import UUID

import httpx
import pytest

from conftest import Gateway
from imagemill.gateway.upload.idempotency import content_sha256
from imagemill.imaging.spec.pipeline import Pipeline
from imagemill.job_request import parse_fields
from imagemill.jobs.job import JobId, Priority
from imagemill.jobs.leases import JobLeases
from imagemill.redis.queue import KEYS
from imagemill.settings.addresses import PostgresAddress, RedisAddress
from support.jobs import completed
from support.pictures import picture
from support.process import wait_until
from support.servers import connect, count_jobs, redis_client, waits_for_a_lock
from support.uploads import form

KEY = {"Idempotency-Key": "a-key"}

Fields = dict[str, str]
NONE: Fields = {}


def send(api: httpx.Client, content: bytes = b"", fields: Fields = NONE) -> httpx.Response:
    return api.post("/upload", headers=KEY, **form(content, **fields))


def is_replay(answer: httpx.Response) -> bool:
    return bool(answer.headers.get("idempotent-replayed") == "true")


def require_refused_key(answer: httpx.Response) -> None:
    assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/headers/Idempotency-Key"]


def test_an_upload_sent_again_gives_its_job_again_and_stores_nothing(
    gateway: Gateway, postgres_address: PostgresAddress, redis_address: RedisAddress
) -> None:
    first = send(gateway.client)
    there = set(gateway.storage.rglob("*"))
    second = send(gateway.client)
    assert (first.status_code, second.status_code) == (202, 202)
    assert (is_replay(first), is_replay(second)) == (False, True)
    assert second.json() == first.json()
    assert second.headers["location"] == first.headers["location"]
    assert set(gateway.storage.rglob("*")) == there  # nor was there a folder made for it
    assert count_jobs(postgres_address) == 1
    with redis_client(redis_address) as client:
        assert client.llen(KEYS[Priority.NORMAL]) == 1


def test_without_a_key_an_upload_sent_again_is_another_job(api: httpx.Client) -> None:
    answers = [api.post("/upload", **form()) for _ in range(2)]
    assert len({answer.json()["id"] for answer in answers}) == 2
    assert not any(map(is_replay, answers))


def raw(api: httpx.Client, fields: Fields) -> httpx.Response:
    headers = KEY | {"Content-Type": "image/jpeg", "X-Filename": "another.jpg"}
    return api.post("/upload", params=fields, content=picture(), headers=headers)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({}, {"preset": "default"}),
        ({"width": "32"}, {"pipeline": '{"outputs": [{"width": 32, "name": "image"}]}'}),
        ({"metadata": '{"a": 1, "b": 2}'}, {"metadata": '{"b":2,"a":1}'}),
        ({"priority": "normal"}, {"metadata": "{}"}),
    ],
)
def test_content_is_what_the_fields_say_however_they_say_it(
    first: Fields, second: Fields, api: httpx.Client
) -> None:
    sent = send(api, fields=first)
    again = raw(api, second)
    assert again.json() == sent.json()
    assert (is_replay(sent), is_replay(again)) == (False, True)


def test_a_preset_is_the_same_by_its_name_though_it_was_changed_meanwhile() -> None:
    small, large = ({"outputs": [{"width": width}]} for width in (16, 32))
    presets = [{"own": Pipeline.model_validate(one)} for one in (small, large)]
    before, after = (
        content_sha256("ab", parse_fields([("preset", "own")], each)) for each in presets
    )
    by_hand = content_sha256("ab", parse_fields([("pipeline", json.dumps(small))], {}))
    assert before == after != by_hand


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        (picture(65), {}),
        (picture(), {"preset": "thumbnail"}),
        (picture(), {"width": "32"}),
        (picture(), {"priority": "high"}),
        (picture(), {"metadata": '{"album": "42"}'}),
        (picture(), {"pipeline": '{"outputs": [{"name": "image"}], "analyze": ["phash"]}'}),
    ],
    ids=["image", "preset", "width", "priority", "metadata", "pipeline"],
)
def test_the_same_key_with_other_content_is_refused(
    content: bytes, fields: Fields, gateway: Gateway, postgres_address: PostgresAddress
) -> None:
    first = send(gateway.client)
    files = gateway.files()
    require_refused_key(send(gateway.client, content, fields))
    assert gateway.files() == files
    assert count_jobs(postgres_address) == 1
    assert send(gateway.client).json() == first.json()


@pytest.mark.parametrize("key", [b"", b"k" * 256, "ключ".encode() * 64])
def test_a_key_that_is_empty_or_too_long_is_refused(
    key: bytes, gateway: Gateway, postgres_address: PostgresAddress
) -> None:
    files = gateway.files()
    answer = gateway.client.post("/upload", headers={b"Idempotency-Key": key}, **form())
    require_refused_key(answer)
    assert (gateway.files(), count_jobs(postgres_address)) == (files, 0)


@pytest.mark.parametrize(
    "key", [b"k", b"k" * 255, "ключ!".encode() * 51, b'"quoted"', b"\xff\xfe", b"\xc2\x80"]
)
def test_any_other_key_is_taken_as_it_is(key: bytes, api: httpx.Client) -> None:
    for headers, replayed in (
        ({b"Idempotency-Key": key}, False),
        ({b"Idempotency-Key": key + b"!"}, False),
        ({b"Idempotency-Key": key}, True),
    )[: 3 if len(key) < 200 else 1]:
        answer = api.post("/upload", headers=headers, **form())
        assert (answer.status_code, is_replay(answer)) == (202, replayed)


def test_two_keys_in_one_request_are_refused(api: httpx.Client) -> None:
    headers = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    require_refused_key(api.post("/upload", headers=headers, **form()))


def test_a_refused_upload_uses_no_key(gateway: Gateway, postgres_address: PostgresAddress) -> None:
    assert (
        send(gateway.client, fields={"width": "0"}).status_code == httpx.codes.UNPROCESSABLE_ENTITY
    )
    assert send(gateway.client, b"no image").status_code == httpx.codes.UNSUPPORTED_MEDIA_TYPE
    with connect(postgres_address) as connection:
        connection.execute("ALTER TABLE jobs ADD CONSTRAINT closed CHECK (false) NOT VALID")
        try:
            answer = send(gateway.client)
        finally:
            connection.execute("ALTER TABLE jobs DROP CONSTRAINT closed")
    assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
    accepted = send(gateway.client, picture(65))
    assert (accepted.status_code, is_replay(accepted)) == (httpx.codes.ACCEPTED, False)


async def test_a_key_gives_its_job_as_it_is_by_now_until_that_is_deleted(
    api: httpx.Client, leases: JobLeases
) -> None:
    job_id = send(api).json()["id"]
    await leases.finish([completed(one) for one in await leases.claim([JobId(UUID(job_id))])])
    ended = send(api)
    assert (ended.json()["id"], ended.json()["status"]) == (job_id, "COMPLETED")
    assert api.delete(f"/jobs/{job_id}").status_code == httpx.codes.NO_CONTENT
    again = send(api)
    assert (again.status_code, is_replay(again)) == (httpx.codes.ACCEPTED, False)
    assert again.json()["id"] != job_id


@contextmanager
def key_taken_meanwhile(address: PostgresAddress) -> Iterator[None]:
    """Let the key look free to who begins in the block, and be taken before it is recorded."""
    with connect(address) as connection:
        connection.execute("UPDATE idempotency_keys SET created_at = now() - interval '25 h'")
        with connection.transaction():
            connection.execute("UPDATE idempotency_keys SET created_at = now()")
            yield
            wait_until(
                lambda: waits_for_a_lock(address, "INSERT INTO jobs"),
                "the upload waits to be recorded",
            )


def test_an_upload_that_comes_second_by_a_moment_keeps_no_file(
    gateway: Gateway, postgres_address: PostgresAddress
) -> None:
    first = send(gateway.client)
    files = gateway.files()
    with ThreadPoolExecutor() as threads:
        for content, status in ((picture(), 202), (picture(65), 422)):
            with key_taken_meanwhile(postgres_address):
                sent = threads.submit(send, gateway.client, content)
            assert sent.result().status_code == status
            assert is_replay(sent.result()) == (status == httpx.codes.ACCEPTED)
            assert sent.result().json().get("id", first.json()["id"]) == first.json()["id"]
    assert (gateway.files(), count_jobs(postgres_address)) == (files, 1)
