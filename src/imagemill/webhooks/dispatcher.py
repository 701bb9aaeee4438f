"""Sends the webhooks that are due, many at once, beside the jobs and without slowing them down."""

import asyncio
import random
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog

from imagemill.errors import Unavailable
from imagemill.failpoints import failpoint
from imagemill.jobs.rows import from_snapshot
from imagemill.postgres.retry import retry_until_available
from imagemill.telemetry.metrics import WEBHOOK_TRIES
from imagemill.telemetry.spans import Span
from imagemill.telemetry.traces import start_webhook_span
from imagemill.webhooks.body import WebhookBody
from imagemill.webhooks.deliveries import Deliveries
from imagemill.webhooks.delivery import ClaimedDelivery, DeliveryStatus
from imagemill.webhooks.receiver_limiter import ReceiverLimiter
from imagemill.webhooks.sender import TRY_SECONDS, Sender
from imagemill.webhooks.signing import Signing
from imagemill.webhooks.try_result import TryResult, TryStatus, next_state

log = structlog.get_logger()

# How often the ledger is asked when nobody rings: for ends that others made, and repeated tries.
POLL_SECONDS: Final = 1.0
# However often it rings: claims of thousands must not keep PostgreSQL from the jobs.
REST: Final = 4
# Well over the time of a try and of writing down what came of it. A worker that dies in the middle
# delays a delivery by this.
HOLD: Final = timedelta(seconds=4 * TRY_SECONDS)
# Results are written down by so few at once that jobs need not wait for a connection.
WRITERS: Final = 2
# How long a worker that was told to stop waits for answers; a delivery given back is sent again.
LAST_ANSWERS_SECONDS: Final = 5.0
LAST_WORDS_SECONDS: Final = 5.0

BUG: Final = TryResult(TryStatus.BUG, "The service met an error of its own; it has been logged.")
EVENTS: Final = {
    DeliveryStatus.DELIVERED: "delivery.delivered",
    DeliveryStatus.PENDING: "delivery.put_off",
    DeliveryStatus.FAILED: "delivery.failed",
}


@dataclass(slots=True)
class WebhookDispatcher:
    """Claims what is due, sends it and writes down what came of it. `bell` rings for a new end."""

    deliveries: Deliveries
    sender: Sender
    signing: Signing
    schedule: Sequence[timedelta]
    wakeup: asyncio.Event
    _slots: ReceiverLimiter = field(default_factory=ReceiverLimiter)
    _sending: dict[asyncio.Task[TryResult | None], ClaimedDelivery] = field(default_factory=dict)
    _recording: set[asyncio.Task[None]] = field(default_factory=set)
    _behind: dict[bool, str] = field(default_factory=lambda: {False: "", True: ""})
    _beginning: asyncio.Lock = field(default_factory=asyncio.Lock)
    _writers: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(WRITERS))
    _not_before: float = 0.0
    _is_closing: bool = False

    async def round(self) -> None:
        """Wait for the bell, a second at most, then begin to send what is due and has a seat.

        Raises DatabaseUnavailable.
        """
        await asyncio.sleep(self._not_before - time.monotonic())
        # Not wait_for: before Python 3.12 it loses a cancellation that comes with the bell.
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL_SECONDS):
                await self.wakeup.wait()
        self.wakeup.clear()
        started = time.monotonic()
        async with self._beginning:
            await self._begin(again=False)
            await self._begin(again=True)
        ended = time.monotonic()
        self._not_before = ended + min(REST * (ended - started), POLL_SECONDS)

    async def drain(self, grace: timedelta) -> None:
        """Begin nothing more, wait for answers a while, and give back what has none."""
        self._is_closing = True
        with suppress(TimeoutError):  # what is being claimed is begun, or else lies until HOLD
            async with asyncio.timeout(LAST_WORDS_SECONDS):
                await self._beginning.acquire()
        await _wait(self._sending, min(grace.total_seconds(), LAST_ANSWERS_SECONDS))
        await self._give_back(dict(self._sending))
        await _wait(self._recording, LAST_WORDS_SECONDS)

    async def _begin(self, *, again: bool) -> None:
        wanted = self._slots.wanted(again=again)
        if self._is_closing or not wanted.limit:
            return
        claimed = await self.deliveries.claim(wanted, HOLD, self._behind[again])
        self._behind[again] = claimed.behind
        if not claimed.due:
            return
        failpoint("deliveries.claimed")
        for due in await self._with_bodies(claimed.due):
            self._start(due)

    async def _with_bodies(self, claimed: Sequence[ClaimedDelivery]) -> list[ClaimedDelivery]:
        """Make the bodies that were never sent yet, and keep them before they are."""
        ready = [due for due in claimed if due.body is not None]
        made = []
        for due in claimed:
            if due.snapshot is not None:
                try:
                    job = from_snapshot(due.snapshot)
                    made.append((due, WebhookBody.of(due.event, job).model_dump_json()))
                except Exception:
                    log.exception("delivery.bug", **_facts(due))
                    ready.append(due)  # it has no body, and will fail by that
        return [*ready, *(await self.deliveries.keep_bodies(made) if made else ())]

    def _start(self, due: ClaimedDelivery) -> None:
        self._slots.take(due)
        sending = asyncio.create_task(self._send(due), name=f"webhook {due.webhook_id}")
        self._sending[sending] = due
        sending.add_done_callback(self._sent)

    def _sent(self, sending: asyncio.Task[TryResult | None]) -> None:
        due = self._sending.pop(sending)
        if self._slots.leave(due):
            self.wakeup.set()
        answer = None if sending.cancelled() else sending.result()
        if answer:
            recording = asyncio.create_task(self._record(due, answer))
            self._recording.add(recording)
            recording.add_done_callback(self._recording.discard)

    async def _send(self, due: ClaimedDelivery) -> TryResult | None:
        """Try once and return what came of it; None when it was not tried."""
        try:
            if due.body is None:
                return BUG
            headers = await self.signing.headers(due.webhook_id, datetime.now(UTC), due.body)
            with start_webhook_span(due.url, due.traceparent) as told:
                answer = await self.sender.send(due.url, headers | told.headers, due.body)
                _tell(told, answer)
        except Unavailable as error:
            log.warning("delivery.not_signed", reason=str(error), **_facts(due))
            return None
        except Exception:
            log.exception("delivery.bug", **_facts(due))
            return BUG
        self._slots.heard_of(due.receiver, failed=answer.result is not TryStatus.DELIVERED)
        return answer

    async def _record(self, due: ClaimedDelivery, answer: TryResult) -> None:
        WEBHOOK_TRIES.labels(result=answer.result).inc()
        tried = next_state(answer, due.turn, self.schedule, random.random())  # noqa: S311 - no secret
        try:
            failpoint("delivery.answered")
            async with self._writers:
                was_ours = await retry_until_available(lambda: self.deliveries.record(due, tried))
        except Exception:
            log.exception("delivery.not_recorded", **_facts(due))
            return
        event = EVENTS[tried.status] if was_ours else "delivery.answer_rejected"
        log.info(event, result=answer.result, status_code=answer.status_code, **_facts(due))

    async def _give_back(
        self, unanswered: Mapping[asyncio.Task[TryResult | None], ClaimedDelivery]
    ) -> None:
        for task in unanswered:
            task.cancel()
        await _wait(unanswered, LAST_WORDS_SECONDS)
        if not unanswered:
            return
        try:
            await self.deliveries.give_back(unanswered.values())
        except Unavailable as error:
            log.warning("deliveries.not_given_back", count=len(unanswered), reason=str(error))
        else:
            log.info("deliveries.given_back", count=len(unanswered))


async def _wait(tasks: Collection[asyncio.Task[Any]], seconds: float) -> None:
    if tasks:
        await asyncio.wait([*tasks], timeout=seconds)


def _tell(span: Span, answer: TryResult) -> None:
    if answer.status_code is not None:
        span.set_attribute("http.response.status_code", answer.status_code)
    if answer.result is not TryStatus.DELIVERED:
        span.fail(answer.result)


def _facts(due: ClaimedDelivery) -> dict[str, object]:
    return {"job_id": str(due.job_id), "n": due.n, "attempt": due.attempt}
