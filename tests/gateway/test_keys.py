"""Authentication over HTTP with real keys, and the jobs that each key sees."""

import hashlib
import re
import socket
from typing import Any
from uuid import UUID

import httpx
import pytest

from conftest import Gateway
from imagemill.image_files import InputImage, OutputFile
from imagemill.jobs.job import Completed, JobId
from imagemill.jobs.leases import JobLeases
from imagemill.settings.addresses import PostgresAddress
from imagemill.storage.keys import attempt_key
from support.events import stream
from support.keys import Headers, Keyring, authorization
from support.servers import connect, count_jobs
from support.uploads import form

from .routes import every_route

Json = dict[str, Any]

# They show what the API answers to the key that a person enters.
PAGES = ("/", "/status", "/page/jobs", "/page/jobs/{id}", "/page/css/theme.css")
# Routes without authentication: they reveal nothing about jobs or keys.
OPEN = {
    ("GET", "/docs"),
    ("GET", "/docs/assets/swagger-ui.css"),
    ("GET", "/healthz"),
    ("GET", "/openapi.json"),
    ("GET", "/readyz"),
    ("HEAD", "/healthz"),
    ("HEAD", "/openapi.json"),
    ("HEAD", "/readyz"),
    ("GET", "/problems/{slug}"),
    ("HEAD", "/problems/{slug}"),
    *((method, path) for method in ("GET", "HEAD") for path in PAGES),
}
ROUTES = every_route()
OF_A_JOB = [route for route in ROUTES if "{id}" in route[1] and route not in OPEN]
UNKNOWN = "imk_0199f0c27a1e7c3a9d525d0c3c0a7b11_" + "a" * 43


def status_of(client: httpx.Client, method: str, path: str, job_id: object, key: Headers) -> int:
    """Return how the route answers; what it would then send, perhaps for ever, is not waited for.

    Every job of these tests has one output, `thumb`, and one delivery.
    """
    url = path.replace("{id}", str(job_id)).replace("{name}", "thumb").replace("{n}", "1")
    url = url.replace("{slug}", "not-found")
    assert "{" not in url
    body = {"expires_in": 60} if method == "POST" else None
    with client.stream(method, url, headers=key, json=body) as answer:
        return answer.status_code


async def completed_job(gateway: Gateway, leases: JobLeases, key: Headers) -> Json:
    """Send a picture with this key and end its job as a worker would."""
    job: Json = gateway.client.post("/upload", **form(), headers=key).json()
    job_id = JobId(UUID(job["id"]))
    set_url = "UPDATE jobs SET callback_url = 'http://127.0.0.1:1/' WHERE id = %(id)s"
    await leases.postgres.run(set_url, {"id": job_id})
    (claim,) = await leases.claim([job_id])
    path, content = f"{attempt_key(claim.id, claim.fence)}/thumb.webp", b"a thumbnail"
    file = gateway.storage / path
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    output = OutputFile("thumb", path, "image/webp", len(content), 10, 8, 1, digest)
    assert await leases.finish([Completed(claim, InputImage(64, 48, 1), (output,))]) == frozenset()
    return dict(gateway.client.get(f"/jobs/{job['id']}", headers=key).json())


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_route_asks_for_a_key_but_those_that_are_open(
    method: str, path: str, api: httpx.Client, keyring: Keyring
) -> None:
    keyring.add("ci")
    answer = status_of(api, method, path, UUID(int=0), {})
    assert (answer == httpx.codes.UNAUTHORIZED) == ((method, path) not in OPEN), answer


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_key_for_metrics_reads_them_and_nothing_else(
    method: str, path: str, api: httpx.Client, keyring: Keyring
) -> None:
    scraper = keyring.add("prometheus", is_metrics_only=True)
    answer = status_of(api, method, path, UUID(int=0), scraper)
    if path == "/metrics":
        assert answer == httpx.codes.OK
    else:
        assert (answer == httpx.codes.FORBIDDEN) == ((method, path) not in OPEN), answer


def test_the_list_of_open_routes_names_none_that_is_gone() -> None:
    assert set(ROUTES) >= OPEN


@pytest.mark.parametrize(("method", "path"), OF_A_JOB)
async def test_a_job_is_not_found_with_another_key(
    method: str, path: str, gateway: Gateway, leases: JobLeases, keyring: Keyring
) -> None:
    owner, other = keyring.add("owner"), keyring.add("other")
    job = await completed_job(gateway, leases, owner)
    files = gateway.files()
    assert status_of(gateway.client, method, path, job["id"], other) == httpx.codes.NOT_FOUND
    assert gateway.client.get(f"/jobs/{job['id']}", headers=owner).json() == job
    assert gateway.files() == files


def test_another_key_changes_no_job_that_its_own_key_could_change(
    api: httpx.Client, keyring: Keyring
) -> None:
    owner, other = keyring.add("owner"), keyring.add("other")
    path = f"/jobs/{api.post('/upload', **form(), headers=owner).json()['id']}"
    assert api.post(f"{path}/cancel", headers=other).status_code == httpx.codes.NOT_FOUND
    assert api.get(path, headers=owner).json()["status"] == "PENDING"
    assert api.post(f"{path}/cancel", headers=owner).status_code == httpx.codes.OK
    assert api.post(f"{path}/retry", headers=other).status_code == httpx.codes.NOT_FOUND
    assert api.get(path, headers=owner).json()["status"] == "CANCELED"
    assert api.post(f"{path}/retry", headers=owner).status_code == httpx.codes.ACCEPTED


@pytest.mark.parametrize("is_admin", [False, True], ids=["owner", "admin"])
@pytest.mark.parametrize(("method", "path"), OF_A_JOB)
async def test_a_job_is_found_with_its_own_key_and_an_admins(
    method: str, path: str, gateway: Gateway, leases: JobLeases, keyring: Keyring, *, is_admin: bool
) -> None:
    owner, admin = keyring.add("owner"), keyring.add("boss", is_admin=True)
    job = await completed_job(gateway, leases, owner)
    asked_by = admin if is_admin else owner
    answer = status_of(gateway.client, method, path, job["id"], asked_by)
    assert answer not in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN, httpx.codes.NOT_FOUND}


def test_without_any_key_nobody_is_asked_for_one(api: httpx.Client) -> None:
    assert api.get("/jobs").status_code == httpx.codes.OK
    # What a proxy asks for passes through it.
    assert api.get("/jobs", auth=("me", "secret")).status_code == httpx.codes.OK


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ({}, None),
        ({"Authorization": "Basic bWU6c2VjcmV0"}, None),
        ({"Authorization": "Bearer"}, None),
        ({"Authorization": "Bearer nonsense"}, "invalid_token"),
        ({"Authorization": f"Bearer {UNKNOWN}"}, "invalid_token"),
        ({"Authorization": f"Bearer {UNKNOWN} x"}, "invalid_token"),
        ({"Authorization": "Bearer imk_\xe4"}, "invalid_token"),
    ],
)
def test_none_and_a_wrong_key_are_refused_as_a_problem_with_a_challenge(
    headers: Headers, error: str | None, api: httpx.Client, keyring: Keyring
) -> None:
    keyring.add("ci")
    sent = {name.encode(): value.encode("latin-1") for name, value in headers.items()}
    answer = api.get("/jobs", headers=sent)
    assert answer.status_code == httpx.codes.UNAUTHORIZED
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "/problems/unauthorized"
    challenge = 'Bearer realm="imagemill"' + (f', error="{error}"' if error else "")
    assert answer.headers["www-authenticate"] == challenge


def test_the_right_id_with_another_secret_is_a_wrong_key(
    api: httpx.Client, keyring: Keyring
) -> None:
    right, other = keyring.add("ci"), keyring.add("other")
    mixed = right["Authorization"][:-43] + other["Authorization"][-43:]
    assert api.get("/jobs", headers=right).status_code == httpx.codes.OK
    assert api.get("/jobs", headers={"Authorization": mixed}).status_code == 401


def test_the_scheme_may_be_written_in_any_case(api: httpx.Client, keyring: Keyring) -> None:
    key = keyring.add("ci")["Authorization"].removeprefix("Bearer ")
    assert api.get("/jobs", headers={"Authorization": f"bEARER {key}"}).status_code == 200


def test_keys_are_asked_for_from_the_first_one_on_and_after_the_last_is_revoked(
    api: httpx.Client, keyring: Keyring
) -> None:
    assert api.get("/jobs").status_code == httpx.codes.OK
    key = keyring.add("ci")
    assert api.get("/jobs").status_code == httpx.codes.UNAUTHORIZED
    assert api.get("/jobs", headers=key).status_code == httpx.codes.OK
    keyring.revoke("ci")
    assert api.get("/jobs", headers=key).status_code == httpx.codes.UNAUTHORIZED
    assert api.get("/jobs").status_code == httpx.codes.UNAUTHORIZED


def test_an_upload_with_a_wrong_key_is_refused_before_its_body_comes(
    gateway: Gateway, postgres_address: PostgresAddress, keyring: Keyring
) -> None:
    keyring.add("ci")
    before = gateway.files()
    url = gateway.client.base_url
    with socket.create_connection((url.host, url.port or 80), timeout=30) as connection:
        connection.sendall(
            b"POST /upload HTTP/1.1\r\nHost: here\r\nContent-Type: image/jpeg\r\n"
            b"Authorization: Bearer " + UNKNOWN.encode() + b"\r\nContent-Length: 2000000\r\n\r\n"
            b"\xff\xd8\xff"
        )
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert gateway.files() == before
    assert count_jobs(postgres_address) == 0


def listed(api: httpx.Client, key: Headers) -> list[str]:
    """Return the ids of all jobs that the key sees, read a page of one job at a time."""
    page = api.get("/jobs?limit=1", headers=key).json()
    ids = [job["id"] for job in page["jobs"]]
    while cursor := page["next_cursor"]:
        page = api.get("/jobs", params={"limit": 1, "cursor": cursor}, headers=key).json()
        ids += [job["id"] for job in page["jobs"]]
    return ids


def test_a_key_lists_its_own_jobs_page_by_page_and_an_admins_those_of_all(
    api: httpx.Client, keyring: Keyring
) -> None:
    mine, other = keyring.add("mine"), keyring.add("other")
    boss = keyring.add("boss", is_admin=True)
    sent = [
        api.post("/upload", **form(), headers=key).json()["id"]
        for key in (mine, other, mine, other, other, mine)
    ]

    assert listed(api, mine) == [sent[5], sent[2], sent[0]]
    assert listed(api, other) == [sent[4], sent[3], sent[1]]
    assert listed(api, boss) == sent[::-1]


def test_the_cursor_of_another_key_leads_to_none_of_its_jobs(
    api: httpx.Client, keyring: Keyring
) -> None:
    mine, other = keyring.add("mine"), keyring.add("other")
    for _ in range(3):
        api.post("/upload", **form(), headers=other)
    cursor = api.get("/jobs?limit=1", headers=other).json()["next_cursor"]
    page = api.get("/jobs", params={"cursor": cursor}, headers=mine).json()
    assert page == {"jobs": [], "next_cursor": None}


def test_a_job_that_was_sent_before_there_were_keys_is_seen_by_admins_alone(
    api: httpx.Client, keyring: Keyring
) -> None:
    job = api.post("/upload", **form()).json()
    user, admin = keyring.add("user"), keyring.add("boss", is_admin=True)
    assert api.get(f"/jobs/{job['id']}", headers=user).status_code == httpx.codes.NOT_FOUND
    assert api.get("/jobs", headers=user).json()["jobs"] == []
    assert api.get(f"/jobs/{job['id']}", headers=admin).json() == job


def test_the_secret_of_a_key_is_neither_kept_nor_logged(
    gateway: Gateway, postgres_address: PostgresAddress, keyring: Keyring
) -> None:
    key = keyring.add("ci")
    wrong = authorization(UNKNOWN)
    assert gateway.client.get("/jobs", headers=key).status_code == httpx.codes.OK
    assert gateway.client.get("/jobs", headers=wrong).status_code == httpx.codes.UNAUTHORIZED
    with connect(postgres_address) as connection:
        row = str(connection.execute("SELECT api_keys::text FROM api_keys").fetchall())
    secret = key["Authorization"][-43:]
    assert secret not in row
    assert not re.search(f"{secret}|{UNKNOWN[-43:]}", gateway.service.logged())


def test_a_stream_of_all_jobs_shows_a_key_its_own_jobs_and_an_admin_all(
    gateway: Gateway, keyring: Keyring
) -> None:
    owner, other, admin = (
        keyring.add("owner"),
        keyring.add("other"),
        keyring.add("boss", is_admin=True),
    )
    url = str(gateway.client.base_url)

    def sent(key: Headers) -> str:
        return str(gateway.client.post("/upload", **form(), headers=key).json()["id"])

    with (
        httpx.Client(base_url=url, headers=owner, timeout=30) as owners,
        httpx.Client(base_url=url, headers=admin, timeout=30) as admins,
        stream(owners, "/events") as seen_by_owner,
        stream(admins, "/events") as seen_by_admin,
    ):
        jobs = [sent(other), sent(owner), sent(other)]
        assert next(seen_by_owner).data["id"] == jobs[1]
        events = [next(seen_by_admin) for _ in jobs]
        assert [event.data["id"] for event in events] == jobs
    # What was missed is no way around it.
    with httpx.Client(base_url=url, headers=owner, timeout=30) as owners:
        first = int(events[0].id or 0)
        with stream(owners, "/events", last=first - 1) as missed:
            assert next(missed).data["id"] == jobs[1]
            last = sent(owner)
            assert next(missed).data["id"] == last
