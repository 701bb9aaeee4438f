"""Slots of receivers: those that hang take none from those that respond."""

from uuid import uuid4

from imagemill.jobs.job import JobId
from imagemill.webhooks.delivery import ClaimedDelivery
from imagemill.webhooks.receiver_limiter import (
    MAX_FAILING_RECEIVERS,
    MAX_FAILING_TRIES,
    MAX_TRIES,
    MAX_TRIES_PER_RECEIVER,
    ReceiverLimiter,
)


def claimed(receiver: str, retry_number: int = 0) -> ClaimedDelivery:
    return ClaimedDelivery(
        job_id=JobId(uuid4()),
        number=1,
        event="job.completed",
        url=f"http://{receiver}/",
        receiver=receiver,
        webhook_id="msg_1",
        tries=retry_number + 1,
        retry_number=retry_number,
        snapshot=None,
        body="{}",
        traceparent=None,
    )


def acquire(limiter: ReceiverLimiter, *deliveries: ClaimedDelivery) -> ReceiverLimiter:
    for delivery in deliveries:
        limiter.acquire(delivery)
    return limiter


def with_failing(*receivers: str) -> ReceiverLimiter:
    limiter = ReceiverLimiter()
    for receiver in receivers:
        limiter.record_result(receiver, failed=True)
    return limiter


def test_each_receiver_has_a_few_slots() -> None:
    request = acquire(
        ReceiverLimiter(), claimed("slow"), claimed("slow"), claimed("quick")
    ).plan_claim(is_retry=False)
    assert (request.limit, request.per_receiver) == (MAX_TRIES - 3, MAX_TRIES_PER_RECEIVER)
    assert request.slots == {
        "slow": MAX_TRIES_PER_RECEIVER - 2,
        "quick": MAX_TRIES_PER_RECEIVER - 1,
    }


def test_a_failing_receiver_has_one_slot_until_a_try_succeeds() -> None:
    limiter = with_failing("down")
    assert limiter.plan_claim(is_retry=False).slots == {"down": 1}
    assert limiter.plan_claim(is_retry=True).slots == {"down": 1}
    limiter.acquire(claimed("down"))
    assert limiter.plan_claim(is_retry=True).slots == {"down": 0}
    limiter.record_result("down", failed=False)
    assert limiter.plan_claim(is_retry=True).slots == {"down": MAX_TRIES_PER_RECEIVER - 1}


def test_failing_receivers_together_have_half_of_the_slots() -> None:
    names = [f"down{number}" for number in range(MAX_FAILING_TRIES + 10)]
    limiter = with_failing(*names)
    turns = [name for name, slots in limiter.plan_claim(is_retry=False).slots.items() if slots]
    assert len(turns) == MAX_FAILING_TRIES
    acquire(limiter, *(claimed(name) for name in turns))
    request = limiter.plan_claim(is_retry=False)
    assert request.limit == MAX_TRIES - MAX_FAILING_TRIES
    assert not any(request.slots[name] for name in names)
    assert limiter.plan_claim(is_retry=True).limit == 0


def test_retries_count_as_tries_of_failing_receivers() -> None:
    limiter = acquire(
        ReceiverLimiter(),
        *(claimed(f"unknown{number}", retry_number=1) for number in range(MAX_FAILING_TRIES)),
    )
    assert limiter.plan_claim(is_retry=True).limit == 0
    assert limiter.plan_claim(is_retry=False).limit == MAX_TRIES - MAX_FAILING_TRIES


def test_a_receiver_that_fails_after_a_slot_was_planned_for_it_gets_that_slot_and_no_other() -> (
    None
):
    limiter = acquire(
        ReceiverLimiter(),
        *(claimed(f"unknown{number}", retry_number=1) for number in range(MAX_FAILING_TRIES)),
    )
    limiter.record_result("promised", failed=True)
    acquire(limiter, claimed("promised"))
    assert limiter.plan_claim(is_retry=True).limit == 0
    limiter.record_result("late", failed=True)
    assert limiter.plan_claim(is_retry=False).slots["late"] == 0


def test_each_of_many_failing_receivers_has_its_turn() -> None:
    names = {f"down{number}" for number in range(3 * MAX_FAILING_TRIES)}
    limiter = with_failing(*names)
    had_a_turn = {
        name
        for _ in range(3)
        for name, slots in limiter.plan_claim(is_retry=False).slots.items()
        if slots
    }
    assert had_a_turn == names


def test_a_slot_that_is_released_is_free_again() -> None:
    limiter, first = ReceiverLimiter(), claimed("slow", retry_number=1)
    acquire(limiter, first, *(claimed("slow") for _ in range(MAX_TRIES_PER_RECEIVER - 1)))
    assert limiter.plan_claim(is_retry=False).slots == {"slow": 0}
    assert limiter.release(first)  # another delivery may have waited for it
    assert limiter.plan_claim(is_retry=False).slots == {"slow": 1}
    assert limiter.plan_claim(is_retry=True).limit == MAX_FAILING_TRIES
    alone = claimed("quick")
    assert not acquire(limiter, alone).release(alone)
    assert "quick" not in limiter.plan_claim(is_retry=False).slots


def test_the_number_of_remembered_failing_receivers_is_limited() -> None:
    limiter = with_failing(*(f"down{number}" for number in range(MAX_FAILING_RECEIVERS + 1)))
    assert "down0" not in limiter.plan_claim(is_retry=True).slots
    assert len(limiter.plan_claim(is_retry=True).slots) == MAX_FAILING_RECEIVERS
