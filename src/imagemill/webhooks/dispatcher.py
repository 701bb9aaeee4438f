"""Sends due webhooks, many concurrently, without delaying jobs."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog

from imagemill.errors import Unavailable
from imagemill.failpoints import failpoint
from imagemill.jobs.rows import from_snapshot
from imagemill.postgres.retry import retry_until_available
from imagemill.webhooks.body import WebhookBody
from imagemill.webhooks.deliveries import Deliveries
from imagemill.webhooks.delivery import ClaimedDelivery, DeliveryStatus
from imagemill.webhooks.receiver_limiter import ReceiverLimiter
from imagemill.webhooks.request import TRY_TIMEOUT_SECONDS, WebhookRequest
from imagemill.webhooks.signing import Signer
from imagemill.webhooks.try_result import TryResult, TryStatus, next_state

log = structlog.get_logger()

SendWebhook = Callable[[WebhookRequest], Awaitable[TryResult]]

# How often PostgreSQL is polled without a wakeup: for jobs that others ended, and for retries.
POLL_SECONDS: Final = 1.0
# After a claim, no other is made for this multiple of its duration, however often there is a
# wakeup: claims of thousands of deliveries must not keep PostgreSQL from the jobs.
PAUSE_FACTOR: Final = 4
# Well over the time that a try and recording its outcome may take. The delay of a delivery whose
# worker died.
LEASE: Final = timedelta(seconds=4 * TRY_TIMEOUT_SECONDS)
# Few outcomes are recorded concurrently, so that jobs need not wait for a connection.
MAX_CONCURRENT_WRITES: Final = 2
# How long a stopping worker waits for responses. What it releases without one is sent twice.
DRAIN_TIMEOUT_SECONDS: Final = 5.0
# How long it then waits for each of: a claim, canceled tries, the recording of outcomes.
CLEANUP_TIMEOUT_SECONDS: Final = 5.0

INTERNAL_ERROR: Final = TryResult(TryStatus.BUG, "An internal error occurred and was logged.")
EVENTS: Final = {
    DeliveryStatus.DELIVERED: "delivery.delivered",
    DeliveryStatus.PENDING: "delivery.postponed",
    DeliveryStatus.FAILED: "delivery.failed",
}


@dataclass(slots=True)
class WebhookDispatcher:
    """Claims due deliveries, sends them and records the outcomes.

    Setting `wakeup` starts the next claim at once, as after the end of a job. `schedule` has the
    delays of retries. `on_result` is called with the result of each try. `root_path` is the
    prefix of links in the bodies.
    """

    deliveries: Deliveries
    send: SendWebhook
    signer: Signer
    schedule: Sequence[timedelta]
    wakeup: asyncio.Event
    on_result: Callable[[TryResult], None] = lambda _: None
    root_path: str = ""
    _limiter: ReceiverLimiter = field(default_factory=ReceiverLimiter)
    _sending: dict[asyncio.Task[TryResult | None], ClaimedDelivery] = field(default_factory=dict)
    _recording: set[asyncio.Task[None]] = field(default_factory=set)
    _cursors: dict[bool, str] = field(default_factory=lambda: {False: "", True: ""})
    _claiming: asyncio.Lock = field(default_factory=asyncio.Lock)
    _writes: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(MAX_CONCURRENT_WRITES)
    )
    _next_claim_at: float = 0.0
    _is_closing: bool = False

    async def run_once(self) -> None:
        """Wait for a wakeup or POLL_SECONDS, then start to send what is due and has a slot.

        Raises DatabaseUnavailable.
        """
        await asyncio.sleep(self._next_claim_at - time.monotonic())
        # Not wait_for: before Python 3.12 it loses a cancellation that coincides with the wakeup.
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL_SECONDS):
                await self.wakeup.wait()
        self.wakeup.clear()
        started = time.monotonic()
        async with self._claiming:
            await self._claim(is_retry=False)
            await self._claim(is_retry=True)
        ended = time.monotonic()
        self._next_claim_at = ended + min(PAUSE_FACTOR * (ended - started), POLL_SECONDS)

    async def drain(self, grace: timedelta) -> None:
        """Start no more tries, wait for responses, and release the deliveries without one."""
        self._is_closing = True
        with suppress(TimeoutError):  # a claim is awaited, else its deliveries wait for the lease
            async with asyncio.timeout(CLEANUP_TIMEOUT_SECONDS):
                await self._claiming.acquire()
        await _wait(self._sending, min(grace.total_seconds(), DRAIN_TIMEOUT_SECONDS))
        await self._release(dict(self._sending))
        await _wait(self._recording, CLEANUP_TIMEOUT_SECONDS)

    async def _claim(self, *, is_retry: bool) -> None:
        request = self._limiter.plan_claim(is_retry=is_retry)
        if self._is_closing or not request.limit:
            return
        batch = await self.deliveries.claim(request, LEASE, self._cursors[is_retry])
        self._cursors[is_retry] = batch.cursor
        if not batch.deliveries:
            return
        failpoint("deliveries.claimed")
        for delivery in await self._add_bodies(batch.deliveries):
            self._start(delivery)

    async def _add_bodies(self, claimed: Sequence[ClaimedDelivery]) -> list[ClaimedDelivery]:
        """Return the deliveries with their bodies, which are stored before they are first sent."""
        ready = [delivery for delivery in claimed if delivery.body is not None]
        new = []
        for delivery in claimed:
            if delivery.snapshot is not None:
                try:
                    job = from_snapshot(delivery.snapshot)
                    body = WebhookBody.of(delivery.event, job, self.root_path)
                    new.append((delivery, body.model_dump_json()))
                except Exception:
                    log.exception("delivery.bug", **_facts(delivery))
                    ready.append(delivery)  # without a body, its try fails
        return [*ready, *(await self.deliveries.store_bodies(new) if new else ())]

    def _start(self, delivery: ClaimedDelivery) -> None:
        self._limiter.acquire(delivery)
        sending = asyncio.create_task(self._try(delivery), name=f"webhook {delivery.webhook_id}")
        self._sending[sending] = delivery
        sending.add_done_callback(self._finish)

    def _finish(self, sending: asyncio.Task[TryResult | None]) -> None:
        delivery = self._sending.pop(sending)
        if self._limiter.release(delivery):
            self.wakeup.set()
        result = None if sending.cancelled() else sending.result()
        if result:
            recording = asyncio.create_task(self._record(delivery, result))
            self._recording.add(recording)
            recording.add_done_callback(self._recording.discard)

    async def _try(self, delivery: ClaimedDelivery) -> TryResult | None:
        """Send the webhook once and return the result; None if it could not be signed."""
        try:
            if delivery.body is None:
                return INTERNAL_ERROR
            headers = await self.signer.sign(delivery.webhook_id, datetime.now(UTC), delivery.body)
            result = await self.send(
                WebhookRequest(delivery.url, headers, delivery.body, delivery.traceparent)
            )
        except Unavailable as error:
            log.warning("delivery.not_signed", reason=str(error), **_facts(delivery))
            return None
        except Exception:
            log.exception("delivery.bug", **_facts(delivery))
            return INTERNAL_ERROR
        is_failed = result.status is not TryStatus.DELIVERED
        self._limiter.record_result(delivery.receiver, failed=is_failed)
        return result

    async def _record(self, delivery: ClaimedDelivery, result: TryResult) -> None:
        self.on_result(result)
        draw = random.random()  # noqa: S311 - no secret
        outcome = next_state(result, delivery.retry_number, self.schedule, draw)
        try:
            failpoint("delivery.answered")
            async with self._writes:
                is_recorded = await retry_until_available(
                    lambda: self.deliveries.record(delivery, outcome)
                )
        except Exception:
            log.exception("delivery.not_recorded", **_facts(delivery))
            return
        event = EVENTS[outcome.status] if is_recorded else "delivery.result_rejected"
        log.info(event, result=result.status, status_code=result.status_code, **_facts(delivery))

    async def _release(
        self, unanswered: Mapping[asyncio.Task[TryResult | None], ClaimedDelivery]
    ) -> None:
        for task in unanswered:
            task.cancel()
        await _wait(unanswered, CLEANUP_TIMEOUT_SECONDS)
        if not unanswered:
            return
        try:
            await self.deliveries.release(unanswered.values())
        except Unavailable as error:
            log.warning("deliveries.not_released", count=len(unanswered), reason=str(error))
        else:
            log.info("deliveries.released", count=len(unanswered))


async def _wait(tasks: Collection[asyncio.Task[Any]], seconds: float) -> None:
    if tasks:
        await asyncio.wait([*tasks], timeout=seconds)


def _facts(delivery: ClaimedDelivery) -> dict[str, object]:
    return {
        "job_id": str(delivery.job_id),
        "number": delivery.number,
        "tries": delivery.tries,
    }
