"""Limiter for concurrent tries, in all and for each receiver: a slow receiver delays no other.

A try holds a slot. Each receiver has a few slots, but one while its last try failed; all failing
receivers together have half of the slots. So a receiver that hangs costs others nothing once that
is known, and a thousand that hang for the first time cost them one or two time-outs.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from imagemill.jobs.job import JobId
from imagemill.webhooks.deliveries import ClaimRequest
from imagemill.webhooks.delivery import ClaimedDelivery

MAX_TRIES: Final = 256
MAX_FAILING_TRIES: Final = 128
MAX_TRIES_PER_RECEIVER: Final = 4
MAX_TRIES_PER_FAILING_RECEIVER: Final = 1
# Beyond it, the failing receiver whose last try is the longest ago is forgotten.
MAX_FAILING_RECEIVERS: Final = 1000


@dataclass(slots=True)
class ReceiverLimiter:
    """The slots of one worker, and the receivers that it knows to be failing."""

    _used: Counter[str] = field(default_factory=Counter)
    _used_by_failing: set[tuple[JobId, int, int]] = field(default_factory=set)
    # A dictionary for its order: a receiver moves to the end at each of its turns.
    _failing: dict[str, None] = field(default_factory=dict)

    def plan_claim(self, *, is_retry: bool) -> ClaimRequest:
        """Return how many retries, or first tries, can be claimed for the free slots."""
        free = MAX_TRIES - self._used.total()
        # Negative where receivers failed only after slots had been planned for them.
        free_for_failing = max(0, min(free, MAX_FAILING_TRIES - len(self._used_by_failing)))
        slots = {receiver: self._free_slots(receiver) for receiver in {*self._used, *self._failing}}
        if not is_retry:
            # Which failing receivers have a first try due is not known here. So they take turns,
            # and each has one in the end.
            turns = [receiver for receiver in self._failing if slots[receiver]][:free_for_failing]
            slots |= dict.fromkeys(self._failing, 0)
            slots |= dict.fromkeys(turns, MAX_TRIES_PER_FAILING_RECEIVER)
            for receiver in turns:
                self._mark_failing(receiver)
        return ClaimRequest(
            free_for_failing if is_retry else free,
            MAX_TRIES_PER_RECEIVER,
            is_retry=is_retry,
            slots=slots,
        )

    def acquire(self, delivery: ClaimedDelivery) -> None:
        """Use a slot for a try. Never waits: `plan_claim` keeps claims within the free slots."""
        self._used[delivery.receiver] += 1
        if delivery.is_retry or delivery.receiver in self._failing:
            self._used_by_failing.add(_key(delivery))

    def release(self, delivery: ClaimedDelivery) -> bool:
        """Free the slot, and return whether other deliveries may have waited for it."""
        is_awaited = (
            not self._free_slots(delivery.receiver) or self._used.total() >= MAX_FAILING_TRIES
        )
        self._used[delivery.receiver] -= 1
        if not self._used[delivery.receiver]:
            del self._used[delivery.receiver]
        self._used_by_failing.discard(_key(delivery))
        return is_awaited

    def record_result(self, receiver: str, *, failed: bool) -> None:
        """Record whether the receiver's last try failed."""
        if failed:
            self._mark_failing(receiver)
        else:
            self._failing.pop(receiver, None)

    def _free_slots(self, receiver: str) -> int:
        is_failing = receiver in self._failing
        slots = MAX_TRIES_PER_FAILING_RECEIVER if is_failing else MAX_TRIES_PER_RECEIVER
        return max(0, slots - self._used[receiver])

    def _mark_failing(self, receiver: str) -> None:
        self._failing.pop(receiver, None)
        self._failing[receiver] = None
        if len(self._failing) > MAX_FAILING_RECEIVERS:
            del self._failing[next(iter(self._failing))]


def _key(delivery: ClaimedDelivery) -> tuple[JobId, int, int]:
    return (delivery.job_id, delivery.number, delivery.tries)
