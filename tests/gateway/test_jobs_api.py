"""Jobs over HTTP: reading, canceling, retrying and deleting them, and downloading their files."""

import base64
import hashlib
from typing import Any
from uuid import UUID

import httpx
import pytest

from conftest import Gateway
from imagemill.image_files import InputImage, OutputFile
from imagemill.jobs.job import Claim, Completed, JobId, Priority
from imagemill.jobs.leases import JobLeases
from imagemill.redis.queue import KEYS
from imagemill.settings.addresses import RedisAddress
from imagemill.storage.keys import attempt_key
from support.jobs import failed
from support.pictures import picture
from support.servers import redis_client

Json = dict[str, Any]


def upload(api: httpx.Client, **fields: str) -> Json:
    answer = api.post("/upload", files={"file": ("cat.jpg", picture())}, data=fields)
    assert answer.status_code == httpx.codes.ACCEPTED, answer.text
    return dict(answer.json())


@pytest.fixture
def job(api: httpx.Client) -> Json:
    return upload(api)


async def claim(leases: JobLeases, job: Json) -> Claim:
    (claim,) = await leases.claim([JobId(UUID(job["id"]))])
    return claim


async def complete(leases: JobLeases, gateway: Gateway, job: Json, content: bytes) -> str:
    """End the job as a worker would, with one output `thumb`, and return the output's path."""
    held = await claim(leases, job)
    path = f"{attempt_key(held.id, held.fence)}/thumb.webp"
    file = gateway.storage / path
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    output = OutputFile("thumb", path, "image/webp", len(content), 10, 8, 1, digest)
    assert await leases.finish([Completed(held, InputImage(64, 48, 1), (output,))]) == frozenset()
    return path


def test_a_job_that_has_not_changed_is_not_sent_again(api: httpx.Client, job: Json) -> None:
    first = api.get(f"/jobs/{job['id']}")
    again = api.get(f"/jobs/{job['id']}", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (httpx.codes.NOT_MODIFIED, b"")
    api.post(f"/jobs/{job['id']}/cancel")
    changed = api.get(f"/jobs/{job['id']}", headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == httpx.codes.OK
    assert changed.headers["etag"] != first.headers["etag"]


@pytest.mark.parametrize(
    "path", ["/jobs", "/jobs/{id}", "/jobs/{id}/history", "/jobs/{id}/input", "/presets",
             "/capabilities", "/healthz", "/readyz"]
)  # fmt: skip
def test_head_answers_wherever_get_does_without_a_body(
    path: str, api: httpx.Client, job: Json
) -> None:
    path = path.format(id=job["id"])
    get, head = api.get(path), api.head(path)
    assert (head.status_code, head.content) == (httpx.codes.OK, b"")
    assert head.headers["content-type"] == get.headers["content-type"]
    assert head.headers["content-length"] == get.headers["content-length"]
    assert head.headers.get("etag") == get.headers.get("etag")


async def test_a_completed_job_shows_its_outputs_and_where_they_are(
    gateway: Gateway, leases: JobLeases
) -> None:
    job = upload(gateway.client, preset="thumbnail")
    content = b"RIFF....WEBP" + bytes(5000)
    path = await complete(leases, gateway, job, content)
    found = gateway.client.get(f"/jobs/{job['id']}").json()
    assert (found["status"], found["output_path"]) == ("COMPLETED", path)
    assert found["outputs"] == [
        {
            "name": "thumb",
            "path": path,
            "media_type": "image/webp",
            "bytes": len(content),
            "width": 10,
            "height": 8,
            "frames": 1,
            "url": f"/jobs/{job['id']}/outputs/thumb",
        }
    ]
    answer = gateway.client.get(found["outputs"][0]["url"])
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    assert (answer.status_code, answer.content) == (httpx.codes.OK, content)
    assert answer.headers["content-type"] == "image/webp"
    assert answer.headers["content-length"] == str(len(content))
    assert answer.headers["repr-digest"] == f"sha-256=:{digest}:"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"] == 'inline; filename="cat-thumb.webp"'


async def test_a_part_of_an_output_can_be_asked_for(gateway: Gateway, leases: JobLeases) -> None:
    job = upload(gateway.client)
    content = bytes(range(256)) * 4
    await complete(leases, gateway, job, content)
    url = f"/jobs/{job['id']}/outputs/thumb"
    etag = gateway.client.get(url).headers["etag"]
    part = gateway.client.get(url, headers={"Range": "bytes=10-19", "If-Range": etag})
    assert (part.status_code, part.content) == (httpx.codes.PARTIAL_CONTENT, content[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(content)}"
    beyond = gateway.client.get(url, headers={"Range": "bytes=5000-"})
    assert beyond.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE
    assert beyond.headers["content-range"] == f"bytes */{len(content)}"
    assert beyond.headers["content-type"] == "application/problem+json"
    same = gateway.client.get(url, headers={"If-None-Match": etag})
    assert (same.status_code, same.content) == (httpx.codes.NOT_MODIFIED, b"")


def test_there_is_no_output_before_the_job_has_it(api: httpx.Client, job: Json) -> None:
    answer = api.get(f"/jobs/{job['id']}/outputs/image")
    assert answer.status_code == httpx.codes.NOT_FOUND
    assert "PENDING" in answer.json()["detail"]


def test_the_input_comes_back_byte_for_byte(api: httpx.Client, job: Json) -> None:
    answer = api.get(f"/jobs/{job['id']}/input")
    assert answer.content == picture()
    assert answer.headers["content-type"] == "image/jpeg"
    assert "cat.jpg" in answer.headers["content-disposition"]


def test_a_filename_that_not_everyone_can_read_is_given_in_two_ways(api: httpx.Client) -> None:
    name = 'к"т.jpg'
    job = api.post(
        "/upload",
        content=picture(),
        headers={b"Content-Type": b"image/jpeg", b"X-Filename": name.encode()},
    ).json()
    disposition = api.get(f"/jobs/{job['id']}/input").headers["content-disposition"]
    assert disposition == "inline; filename=\"___.jpg\"; filename*=UTF-8''%D0%BA%22%D1%82.jpg"


def test_an_input_whose_file_is_gone_is_not_found(gateway: Gateway) -> None:
    job = upload(gateway.client)
    (gateway.storage / job["input_path"]).unlink()
    answer = gateway.client.get(f"/jobs/{job['id']}/input")
    assert answer.status_code == httpx.codes.NOT_FOUND


def test_a_listing_is_read_page_by_page_newest_first(api: httpx.Client) -> None:
    ids = [upload(api)["id"] for _ in range(5)]
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = api.get("/jobs", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))
        seen += [job["id"] for job in page.json()["jobs"]]
        cursor = page.json()["next_cursor"]
    assert seen == ids[::-1]


def test_a_listing_may_be_of_several_statuses(api: httpx.Client) -> None:
    canceled, waiting = upload(api), upload(api)
    api.post(f"/jobs/{canceled['id']}/cancel")

    def ids(*statuses: str) -> list[str]:
        answer = api.get("/jobs", params={"status": list(statuses)})
        return [job["id"] for job in answer.json()["jobs"]]

    assert ids("CANCELED") == [canceled["id"]]
    assert ids("PENDING", "CANCELED") == [waiting["id"], canceled["id"]]
    assert ids("FAILED") == []


def test_a_job_is_canceled_once(api: httpx.Client, job: Json) -> None:
    answer = api.post(f"/jobs/{job['id']}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (httpx.codes.OK, "CANCELED")
    assert api.post(f"/jobs/{job['id']}/cancel").status_code == httpx.codes.CONFLICT


async def test_a_failed_job_says_why_and_can_be_retried(
    api: httpx.Client, job: Json, leases: JobLeases, redis_address: RedisAddress
) -> None:
    assert api.post(f"/jobs/{job['id']}/retry").status_code == httpx.codes.CONFLICT
    await leases.finish([failed(await claim(leases, job))])
    found = api.get(f"/jobs/{job['id']}").json()
    assert found["status"] == "FAILED"
    assert found["error"] == {"code": "invalid_image", "detail": "The picture ends too early."}
    with redis_client(redis_address) as client:
        client.flushall()
        answer = api.post(f"/jobs/{job['id']}/retry")
        assert client.lrange(KEYS[Priority.NORMAL], 0, -1) == [job["id"].encode()]
    assert answer.status_code == httpx.codes.ACCEPTED
    again = answer.json()
    assert (again["status"], again["attempts"], again["error"]) == ("PENDING", 0, None)
    assert again["created_at"] == job["created_at"]


async def test_a_deleted_job_is_gone_with_its_files(gateway: Gateway, leases: JobLeases) -> None:
    before = gateway.files()
    job = upload(gateway.client)
    await complete(leases, gateway, job, b"x")
    answer = gateway.client.delete(f"/jobs/{job['id']}")
    assert (answer.status_code, answer.content) == (httpx.codes.NO_CONTENT, b"")
    assert gateway.files() == before
    for method, path in (("GET", ""), ("GET", "/history"), ("GET", "/input"), ("DELETE", "")):
        again = gateway.client.request(method, f"/jobs/{job['id']}{path}")
        assert again.status_code == httpx.codes.NOT_FOUND


async def test_the_history_shows_every_change(
    api: httpx.Client, job: Json, leases: JobLeases
) -> None:
    await leases.finish([failed(await claim(leases, job))])
    events = api.get(f"/jobs/{job['id']}/history").json()["events"]
    assert [(event["status"], event["attempt"]) for event in events] == [
        ("PENDING", 0),
        ("PROCESSING", 1),
        ("FAILED", 1),
    ]
    assert set(events[0]) == {"id", "at", "status", "attempt", "worker", "error"}
    assert events[1]["worker"] == str(leases.worker)
    assert events[2]["error"]["code"] == "invalid_image"
