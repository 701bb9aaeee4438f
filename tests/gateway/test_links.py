"""Signed links, over HTTP: what they give, to whom, and for how long."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio

from conftest import Gateway
from imagemill.auth.link_secret import NAME
from imagemill.auth.signed_links import sign
from imagemill.image_files import InputImage, OutputFile
from imagemill.jobs.job import Completed, JobId
from imagemill.jobs.leases import JobLeases
from imagemill.postgres.pool import Postgres
from imagemill.postgres.shared_secrets import load_shared_secret
from imagemill.storage.keys import attempt_key
from support.keys import Headers, Keyring
from support.process import running_api, wait_until
from support.uploads import form

Json = dict[str, Any]

CONTENT = b"a thumbnail"


@pytest.fixture
def owner(keyring: Keyring) -> Headers:
    return keyring.add("owner")


@pytest_asyncio.fixture
async def job(gateway: Gateway, leases: JobLeases, owner: Headers) -> Json:
    """A job that has ended, with the outputs `thumb` and `large`."""
    sent: Json = gateway.client.post("/upload", **form(), headers=owner).json()
    (claim,) = await leases.claim([JobId(UUID(sent["id"]))])
    digest = hashlib.sha256(CONTENT).hexdigest()
    outputs = []
    for name in ("thumb", "large"):
        path = f"{attempt_key(claim.id, claim.fence)}/{name}.webp"
        file = gateway.storage / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(CONTENT)
        outputs.append(OutputFile(name, path, "image/webp", len(CONTENT), 10, 8, 1, digest))
    completed = Completed(claim, InputImage(64, 48, 1), tuple(outputs))
    assert await leases.finish([completed]) == frozenset()
    return sent


def make_link(api: httpx.Client, job: Json, key: Headers, expires_in: int = 3600) -> Json:
    path = f"/jobs/{job['id']}/outputs/thumb/link"
    answer = api.post(path, json={"expires_in": expires_in}, headers=key)
    assert answer.status_code == httpx.codes.CREATED, answer.text
    assert answer.headers["location"] == answer.json()["url"]
    return dict(answer.json())


def test_a_link_gives_the_output_to_who_has_no_key(
    api: httpx.Client, job: Json, owner: Headers
) -> None:
    asked = datetime.now(UTC)
    link = make_link(api, job, owner)
    assert link["url"].startswith(f"/jobs/{job['id']}/outputs/thumb?expires=")
    lives = datetime.fromisoformat(link["expires_at"]) - asked
    assert timedelta(seconds=3600) <= lives < timedelta(seconds=3630)

    got = api.get(link["url"])
    assert (got.status_code, got.content) == (httpx.codes.OK, CONTENT)
    assert got.headers["content-type"] == "image/webp"
    assert got.headers["cache-control"] == "private, no-cache"
    part = api.get(link["url"], headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.content) == (httpx.codes.PARTIAL_CONTENT, CONTENT[2:5])
    head = api.head(link["url"])
    assert (head.status_code, head.content) == (httpx.codes.OK, b"")
    known = api.get(link["url"], headers={"If-None-Match": got.headers["etag"]})
    assert known.status_code == httpx.codes.NOT_MODIFIED


def test_a_link_is_good_for_every_gateway(
    api: httpx.Client,
    job: Json,
    owner: Headers,
    gateway: Gateway,
    addresses: dict[str, str],
    tmp_path: Path,
) -> None:
    link = make_link(api, job, owner)
    environment = addresses | {"STORAGE_URL": gateway.storage.as_uri()}
    with running_api(environment, tmp_path / "api.log") as (_, url):
        assert httpx.get(url + link["url"], timeout=30).content == CONTENT


@pytest.mark.parametrize(
    ("part", "other"),
    [
        ("/thumb?", "/large?"),
        ("expires=1", "expires=2"),
        ("expires=", "expires=0"),
        ("&signature=", "&signature=A"),
        ("&signature=", "&sig="),
        ("?expires=", "?until="),
        ("signature=", "signature=%F0%9F%92%A9"),
    ],
)
def test_a_link_in_which_anything_was_changed_is_refused(
    part: str, other: str, api: httpx.Client, job: Json, owner: Headers
) -> None:
    url = make_link(api, job, owner)["url"]
    answer = api.get(url.replace(part, other))
    assert answer.status_code == httpx.codes.FORBIDDEN
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "/problems/forbidden"


def test_a_changed_link_is_refused_also_with_the_right_key_and_without_any_key(
    api: httpx.Client, job: Json, owner: Headers, keyring: Keyring
) -> None:
    changed = make_link(api, job, owner)["url"] + "A"
    assert api.get(changed, headers=owner).status_code == httpx.codes.FORBIDDEN
    keyring.remove_all()
    assert api.get(changed).status_code == httpx.codes.FORBIDDEN


def test_a_link_leads_to_nothing_else(api: httpx.Client, job: Json, owner: Headers) -> None:
    url = make_link(api, job, owner)["url"]
    path, _, query = url.partition("?")
    of_the_job = f"/jobs/{job['id']}"
    for other in (of_the_job, f"{of_the_job}/input", f"{of_the_job}/history", "/jobs"):
        assert api.get(f"{other}?{query}").status_code == httpx.codes.UNAUTHORIZED
    assert api.delete(f"{of_the_job}?{query}").status_code == httpx.codes.UNAUTHORIZED
    made = api.post(f"{path}/link?{query}", json={"expires_in": 60})
    assert made.status_code == httpx.codes.UNAUTHORIZED


def test_the_link_of_one_job_does_not_open_another(
    api: httpx.Client, job: Json, owner: Headers
) -> None:
    other = api.post("/upload", **form(), headers=owner).json()
    url = make_link(api, job, owner)["url"]
    assert api.get(url.replace(job["id"], other["id"])).status_code == httpx.codes.FORBIDDEN


async def test_a_link_that_has_expired_is_refused(
    api: httpx.Client, job: Json, pool: Postgres
) -> None:
    secret = await load_shared_secret(pool, NAME)
    now = int(datetime.now(UTC).timestamp())
    for expires, status in ((now - 1, 403), (now + 60, 200)):
        signature = sign(secret, job["id"], "thumb", str(expires))
        url = f"/jobs/{job['id']}/outputs/thumb?expires={expires}&signature={signature}"
        assert api.get(url).status_code == status


def test_a_link_of_a_second_works_at_first_and_then_no_more(
    api: httpx.Client, job: Json, owner: Headers
) -> None:
    url = make_link(api, job, owner, expires_in=1)["url"]
    wait_until(lambda: api.get(url).status_code == httpx.codes.FORBIDDEN, "the link expires")


def test_a_link_dies_with_its_job(api: httpx.Client, job: Json, owner: Headers) -> None:
    url = make_link(api, job, owner)["url"]
    api.delete(f"/jobs/{job['id']}", headers=owner)
    assert api.get(url).status_code == httpx.codes.NOT_FOUND


def test_a_link_outlives_the_key_that_made_it(
    api: httpx.Client, job: Json, owner: Headers, keyring: Keyring
) -> None:
    url = make_link(api, job, owner)["url"]
    keyring.revoke("owner")
    assert api.get(url).status_code == httpx.codes.OK


def test_there_is_no_link_to_an_output_that_is_not_there(
    api: httpx.Client, job: Json, owner: Headers
) -> None:
    path = f"/jobs/{job['id']}/outputs/nothing/link"
    answer = api.post(path, json={"expires_in": 60}, headers=owner)
    assert answer.status_code == httpx.codes.NOT_FOUND


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b'{"expires_in": 0}', "/expires_in"),
        (b'{"expires_in": 604801}', "/expires_in"),
        (b'{"expires_in": "60"}', "/expires_in"),
        (b'{"expires_in": 60.5}', "/expires_in"),
        (b'{"expires_in": true}', "/expires_in"),
        (b'{"expires_in": null}', "/expires_in"),
        (b"{}", "/expires_in"),
        (b'{"expires_in": 60, "name": "large"}', "/name"),
        (b"[60]", ""),
        (b"{", ""),
        (b"", ""),
        (b"\xff", ""),
    ],
)
def test_what_is_asked_of_a_link_is_checked_strictly(
    body: bytes, pointer: str, api: httpx.Client, job: Json, owner: Headers
) -> None:
    path = f"/jobs/{job['id']}/outputs/thumb/link"
    answer = api.post(path, content=body, headers=owner)
    assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize("expires_in", [1, 604_800])
def test_a_link_may_live_from_a_second_to_a_week(
    expires_in: int, api: httpx.Client, job: Json, owner: Headers
) -> None:
    assert make_link(api, job, owner, expires_in)


def test_a_long_body_is_refused_before_it_has_all_come(
    api: httpx.Client, job: Json, owner: Headers
) -> None:
    path = f"/jobs/{job['id']}/outputs/thumb/link"
    answer = api.post(path, content=b" " * 5000, headers=owner)
    assert answer.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE


def test_no_link_stands_in_the_logs(gateway: Gateway, job: Json, owner: Headers) -> None:
    url = make_link(gateway.client, job, owner)["url"]
    gateway.client.get(url)
    gateway.client.get(url + "A")
    gateway.client.put(url)
    gateway.client.get(f"/nowhere?{url.partition('?')[2]}")
    assert url.rpartition("signature=")[2] not in gateway.service.logged()


def test_a_whole_number_may_be_written_with_a_point(
    api: httpx.Client, job: Json, owner: Headers
) -> None:
    path = f"/jobs/{job['id']}/outputs/thumb/link"
    answer = api.post(path, content=b'{"expires_in": 60.0}', headers=owner)
    assert answer.status_code == httpx.codes.CREATED, answer.text
