"""Requests and streams that wait for a job, over HTTP; the tests do a worker's part."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from uuid import UUID

import httpx
import pytest
from fastapi import Request

from conftest import Gateway
from imagemill.gateway.waiting.prefer_wait import applied_wait
from imagemill.gateway.waiting.waiter_registry import TooManyWaiting, WaitEnded, WaiterRegistry
from imagemill.jobs.changes import Changes
from imagemill.jobs.job import JobId
from imagemill.jobs.leases import JobLeases
from imagemill.jobs.store import JobStore
from imagemill.postgres.pool import Postgres
from imagemill.redis.notifications import JobNotifications
from imagemill.settings.addresses import RedisAddress
from support.client import upload
from support.events import stream
from support.jobs import failed, new_job
from support.pictures import picture

OK, ACCEPTED = httpx.codes.OK, httpx.codes.ACCEPTED


@pytest.fixture
def job_id(api: httpx.Client) -> str:
    return upload(api, picture())


@pytest.fixture
def aside() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as threads:
        yield threads


def waiting_get(api: httpx.Client, job_id: str, wait: str) -> httpx.Response:
    return api.get(f"/jobs/{job_id}", headers={"Prefer": wait})


def test_an_answer_that_waited_in_vain_says_how_long(api: httpx.Client, job_id: str) -> None:
    for wait in ("wait=1", "wait=0"):
        answer = waiting_get(api, job_id, f"respond-async, {wait}")
        assert (answer.status_code, answer.json()["status"]) == (OK, "PENDING")
        assert answer.headers["preference-applied"] == wait
        assert answer.headers["vary"] == "Prefer"
        sent = api.post("/upload", files={"file": picture()}, headers={"Prefer": wait})
        assert (sent.status_code, sent.json()["status"]) == (ACCEPTED, "PENDING")
        assert sent.headers["preference-applied"] == wait
    assert "preference-applied" not in waiting_get(api, job_id, "wait=soon").headers


def test_a_wait_of_an_hour_counts_as_55_seconds_and_an_ended_job_is_not_waited_for(
    api: httpx.Client, job_id: str
) -> None:
    api.post(f"/jobs/{job_id}/cancel")
    answer = waiting_get(api, job_id, "wait=3600")
    assert answer.json()["status"] == "CANCELED"
    assert answer.headers["preference-applied"] == "wait=55"
    headers = {"Prefer": "wait=9", "If-None-Match": answer.headers["etag"]}
    again = api.get(f"/jobs/{job_id}", headers=headers)
    assert again.status_code == httpx.codes.NOT_MODIFIED
    assert again.headers["preference-applied"] == "wait=9"


def test_a_waiting_request_is_answered_when_its_job_is_canceled(
    api: httpx.Client, job_id: str, aside: ThreadPoolExecutor
) -> None:
    answer = aside.submit(waiting_get, api, job_id, "wait=25")
    api.post(f"/jobs/{job_id}/cancel")
    assert answer.result().json()["status"] == "CANCELED"


def test_a_waiting_request_is_not_found_once_its_job_is_deleted(
    api: httpx.Client, job_id: str, aside: ThreadPoolExecutor
) -> None:
    answer = aside.submit(waiting_get, api, job_id, "wait=25")
    api.delete(f"/jobs/{job_id}")
    assert answer.result().status_code == httpx.codes.NOT_FOUND


def test_a_stream_of_a_deleted_job_ends_with_an_event_that_says_so(
    api: httpx.Client, job_id: str
) -> None:
    with stream(api, f"/jobs/{job_id}/events") as events:
        assert next(events).status == "PENDING"
        api.delete(f"/jobs/{job_id}")
        (gone,) = events
        assert (gone.kind, gone.id, gone.data) == ("deleted", None, {"id": job_id})
    assert api.get(f"/jobs/{job_id}/events").status_code == httpx.codes.NOT_FOUND


async def test_a_stream_replays_missed_changes_in_order_each_as_it_was(
    gateway: Gateway, leases: JobLeases
) -> None:
    api = gateway.client
    job_id = upload(api, picture())
    (held,) = await leases.claim([JobId(UUID(job_id))])
    await leases.finish([failed(held)])
    path = f"/jobs/{job_id}/events"
    with stream(api, path) as events:
        (present,) = events  # it ends at once, since the job has ended
    with stream(api, path, last=0) as events:
        missed = list(events)
    assert [one.status for one in missed] == ["PENDING", "PROCESSING", "FAILED"]
    assert [one.data["attempts"] for one in missed] == [0, 1, 1]
    assert [one.data["error"] and one.data["error"]["code"] for one in missed] == [
        None, None, "invalid_image"
    ]  # fmt: skip
    assert [one.data["completed_at"] is None for one in missed] == [True, True, False]
    assert missed[-1] == present
    with stream(api, path, last=missed[0].id) as events:
        assert list(events) == missed[1:]
    known = api.get(path, headers={"Last-Event-ID": str(present.id)})
    assert known.status_code == httpx.codes.NO_CONTENT
    for nonsense in ("abc", "-1", str(2**63), str(2**62)):
        with stream(api, path, last=nonsense) as events:
            assert list(events) == [present]


def test_all_changes_are_streamed_from_now_on_or_from_the_last_event(api: httpx.Client) -> None:
    before = upload(api, picture())
    with stream(api, "/events") as events:
        ids = [upload(api, picture()) for _ in range(3)]
        api.post(f"/jobs/{before}/cancel")
        received = list(islice(events, 4))
    assert [one.data["id"] for one in received] == [*ids, before]
    assert "pipeline" not in received[0].data
    with stream(api, "/events", last=received[1].id) as events:
        assert list(islice(events, 2)) == received[2:]
    for nonsense in ("abc", str(2**62)):
        with stream(api, "/events", last=nonsense) as events:
            new = upload(api, picture())
            assert next(events).data["id"] == new


def test_streams_are_not_cached_nor_buffered_and_answer_no_head(
    api: httpx.Client, job_id: str
) -> None:
    for path in (f"/jobs/{job_id}/events", "/events"):
        with api.stream("GET", path) as answer:
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["x-accel-buffering"] == "no"
        # Past the client that holds answers against the document, which names no HEAD.
        refused = httpx.head(api.base_url.join(path), timeout=30)
        assert refused.status_code == httpx.codes.METHOD_NOT_ALLOWED
        assert refused.headers["allow"] == "GET"


def test_an_idle_stream_sends_comments(api: httpx.Client) -> None:
    # As proxies would cut it off after a while.
    with httpx.stream("GET", api.base_url.join("/events"), timeout=60) as answer:
        lines = (line for line in answer.iter_lines() if line)
        assert [next(lines), next(lines)] == [": stream opened", ": keep-alive"]


@pytest.fixture
async def waiters(pool: Postgres, redis_address: RedisAddress) -> AsyncIterator[WaiterRegistry]:
    async with (
        JobNotifications.open(redis_address) as notifications,
        WaiterRegistry.open(Changes(pool), notifications) as waiters,
    ):
        yield waiters


async def test_a_subscription_receives_no_more_until_its_changes_are_taken(
    waiters: WaiterRegistry, job_store: JobStore
) -> None:
    job = await job_store.accept(new_job())
    with waiters.subscribe(job.id, after=0) as subscription:
        await subscription.updated.wait()
        for _ in range(20):
            await job_store.cancel(job.id)
            await job_store.retry(job.id)
        await waiters._deliver_changes([job.id])
        assert len(subscription.changes) == 1
        seen = [
            one.event.status for _ in range(4) for one in await waiters.next_changes(subscription)
        ]
    assert seen == ["PENDING", *(["CANCELED", "PENDING"] * 20)]


async def test_subscriptions_end_with_their_block_and_when_the_gateway_stops(
    waiters: WaiterRegistry, job_store: JobStore
) -> None:
    job = await job_store.accept(new_job())
    with waiters.subscribe(job.id, after=0), waiters.subscribe(job.id, after=0):
        async with waiters.event_feed.listen():
            assert waiters.waiter_count == 3
    assert (waiters.waiter_count, waiters._subscriptions) == (0, {})
    with waiters.subscribe(job.id, after=0) as subscription:
        await waiters.next_changes(subscription)
        waiters.stop()
        with pytest.raises(WaitEnded):
            await waiters.next_changes(subscription)
    with waiters.subscribe(job.id) as late, pytest.raises(WaitEnded):
        await waiters.next_changes(late)


async def test_no_more_clients_wait_than_there_is_room_for(
    waiters: WaiterRegistry, job_store: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imagemill.gateway.waiting.waiter_registry.MAX_WAITERS", 1)
    job = await job_store.accept(new_job())
    waiters.require_room()
    asking = Request({"type": "http", "headers": [(b"prefer", b"wait=5")]})
    assert applied_wait(waiters, asking) == 5
    with waiters.subscribe(job.id):
        with pytest.raises(TooManyWaiting):
            waiters.require_room()
        assert applied_wait(waiters, asking) is None


async def test_notifications_are_followed_while_clients_wait_and_no_longer(
    waiters: WaiterRegistry, job_store: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imagemill.gateway.waiting.waiter_registry.IDLE_SECONDS", 0)
    job = await job_store.accept(new_job())
    notifications = waiters.notifications
    assert not notifications.is_subscribed
    for _ in range(2):
        with waiters.subscribe(job.id, after=0):
            await becomes(lambda: notifications.is_subscribed)
        notifications.publish([job.id])
        await becomes(lambda: not notifications.is_subscribed)
    async with waiters.event_feed.listen():
        await becomes(lambda: notifications.is_subscribed)


async def becomes(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110 - no event signals it
            await asyncio.sleep(0.01)
