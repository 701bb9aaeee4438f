"""The limits on uploads: MAX_CONCURRENT_UPLOADS and MAX_PENDING."""

import asyncio
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from conftest import Gateway
from imagemill.gateway.errors import ClientDisconnected, Overloaded
from imagemill.gateway.limits.pending_job_limiter import PendingJobLimiter
from imagemill.gateway.limits.upload_limiter import UploadLimiter
from imagemill.jobs.store import JobStore
from imagemill.settings.addresses import PostgresAddress
from support.jobs import new_job
from support.pictures import picture
from support.process import running_api, wait_until
from support.servers import count_jobs
from support.uploads import RAW, form
from support.wire import head, open_socket, read_until_closed

MAX_PENDING = 6
LARGE = picture() + bytes(20_000_000)


@contextmanager
def gateway_with(addresses: dict[str, str], folder: Path, **settings: str) -> Iterator[Gateway]:
    environment = addresses | settings | {"STORAGE_URL": (folder / "storage").as_uri()}
    with (
        running_api(environment, folder / "api.log") as (service, url),
        httpx.Client(base_url=url, timeout=30) as client,
    ):
        yield Gateway(client, folder / "storage", service, environment)


@pytest.fixture(scope="module")
def shared_one_slot_gateway(
    addresses: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    """A gateway that receives one upload at a time."""
    folder = tmp_path_factory.mktemp("one_slot")
    with gateway_with(addresses, folder, MAX_CONCURRENT_UPLOADS="1") as gateway:
        yield gateway


@pytest.fixture
def one_slot(
    shared_one_slot_gateway: Gateway,
    postgres_address: PostgresAddress,  # noqa: ARG001 - empties the job store
) -> Gateway:
    return shared_one_slot_gateway


@pytest.fixture
def full(environment: dict[str, str], tmp_path: Path) -> Iterator[Gateway]:
    """A gateway for a single test, since it caches how many jobs are pending."""
    with gateway_with(environment, tmp_path, MAX_PENDING=str(MAX_PENDING)) as gateway:
        yield gateway


def begin_upload(one_slot: Gateway, connection: socket.socket, size: int) -> None:
    """Begin an upload of this size, and return once it is being received."""
    connection.sendall(head("POST", "/upload", Content_Type="image/jpeg", Content_Length=size))
    connection.sendall(picture() + bytes(600_000))
    wait_until(lambda: one_slot.unfinished_files() > 0, "the upload is being written")


def url(one_slot: Gateway) -> str:
    return str(one_slot.client.base_url)


def require_overloaded(answer: httpx.Response) -> None:
    assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "/problems/overloaded"
    assert 1 <= int(answer.headers["retry-after"]) <= 60


def test_uploads_are_refused_while_too_many_jobs_are_pending(
    full: Gateway, postgres_address: PostgresAddress
) -> None:
    for _ in range(MAX_PENDING):
        full.client.post("/upload", **form())
    before = full.files()
    require_overloaded(full.client.post("/upload", **form()))
    answer = full.client.post("/upload", content=LARGE, headers=RAW)
    require_overloaded(answer)
    assert answer.headers["connection"] == "close"
    assert full.files() == before
    assert count_jobs(postgres_address) <= MAX_PENDING
    for job in full.client.get("/jobs").json()["jobs"]:
        full.client.post(f"/jobs/{job['id']}/cancel")
    wait_until(lambda: full.client.post("/upload", **form()).is_success, "there is room again")
    wait_until(lambda: full.client.get("/readyz").is_success, "it is ready")


def test_an_upload_without_a_slot_waits_and_then_gets_503_with_its_body_unread(
    one_slot: Gateway,
) -> None:
    with open_socket(url(one_slot)) as first, open_socket(url(one_slot)) as second:
        begin_upload(one_slot, first, size=1_000_000)
        headers = head("POST", "/upload", Content_Type="image/jpeg", Content_Length=len(LARGE))
        second.sendall(headers)
        answer = read_until_closed(second)
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nretry-after: 5\r\n" in answer
        assert b"\r\nconnection: close\r\n" in answer
        require_overloaded(one_slot.client.post("/upload", content=LARGE, headers=RAW))


def test_an_upload_that_waits_gets_the_slot_of_one_that_ends(one_slot: Gateway) -> None:
    with open_socket(url(one_slot)) as first, ThreadPoolExecutor() as pool:
        size = len(picture()) + 600_000
        begin_upload(one_slot, first, size=size + 1)
        waiting = pool.submit(one_slot.client.post, "/upload", **form())
        first.sendall(b"\0")
        assert first.recv(65536).startswith(b"HTTP/1.1 202 ")
        assert waiting.result().status_code == httpx.codes.ACCEPTED


def test_a_client_that_disconnects_while_it_waits_is_noticed(one_slot: Gateway) -> None:
    with open_socket(url(one_slot)) as first:
        begin_upload(one_slot, first, size=1_000_000)
        before = one_slot.service.logged().count("upload.client_disconnected")
        with open_socket(url(one_slot)) as second:
            headers = head("POST", "/upload", Content_Type="image/jpeg", Content_Length=len(LARGE))
            # More than is read before it is wanted: so nobody reads as far as the end.
            second.sendall(headers + LARGE[:100_000])
        left = lambda: one_slot.service.logged().count("upload.client_disconnected") == before + 1  # noqa: E731
        wait_until(left, "it is noticed", one_slot.service.logged)


async def test_a_slot_goes_to_the_next_upload_if_the_first_in_the_queue_disconnects() -> None:
    limiter, disconnected = UploadLimiter(1), asyncio.Event()
    async with limiter.slot(lambda: False):
        leaving = asyncio.ensure_future(hold(limiter, disconnected))
        staying = asyncio.ensure_future(hold(limiter, asyncio.Event()))
        disconnected.set()
        with pytest.raises(ClientDisconnected):
            await leaving
        assert not staying.done()
    await staying
    await hold(limiter, asyncio.Event())


async def hold(limiter: UploadLimiter, disconnected: asyncio.Event) -> None:
    async with limiter.slot(disconnected.is_set):
        pass


async def test_the_slot_of_an_accepted_job_stays_taken(job_store: JobStore) -> None:
    limiter = PendingJobLimiter(job_store, max_pending=2)
    async with limiter.slot(), limiter.slot():
        with pytest.raises(Overloaded, match="2 jobs are pending"):
            await take_slot(limiter)
    with pytest.raises(Overloaded):  # both ended well
        await take_slot(limiter)


async def test_the_slot_of_a_failed_upload_is_released(job_store: JobStore) -> None:
    limiter = PendingJobLimiter(job_store, max_pending=1)
    with pytest.raises(ZeroDivisionError):
        async with limiter.slot():
            _ = 1 / 0
    await take_slot(limiter)


async def test_jobs_are_counted_as_far_as_the_limit(job_store: JobStore) -> None:
    for _ in range(3):
        await job_store.accept(new_job())
    assert [await job_store.count_pending(limit) for limit in (1, 3, 10)] == [1, 3, 3]


async def take_slot(limiter: PendingJobLimiter) -> None:
    async with limiter.slot():
        pass
