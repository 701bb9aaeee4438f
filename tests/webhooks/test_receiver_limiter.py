"""Who may be sent to: nobody who hangs gets in the way of those who answer."""

from uuid import uuid4

from imagemill.jobs.job import JobId
from imagemill.webhooks.delivery import ClaimedDelivery
from imagemill.webhooks.receiver_limiter import ALL, OF_A_RECEIVER, OF_THE_FAILING, ReceiverLimiter


def due(receiver: str, turn: int = 1) -> ClaimedDelivery:
    return ClaimedDelivery(
        job_id=JobId(uuid4()),
        n=1,
        event="job.completed",
        url=f"http://{receiver}/",
        receiver=receiver,
        webhook_id="msg_1",
        attempt=turn,
        turn=turn,
        snapshot=None,
        body="{}",
        traceparent=None,
    )


def taken(slots: ReceiverLimiter, *deliveries: ClaimedDelivery) -> ReceiverLimiter:
    for one in deliveries:
        slots.take(one)
    return slots


def with_failing(*receivers: str) -> ReceiverLimiter:
    slots = ReceiverLimiter()
    for receiver in receivers:
        slots.heard_of(receiver, failed=True)
    return slots


def test_a_receiver_has_a_few_seats_and_others_have_theirs() -> None:
    wanted = taken(ReceiverLimiter(), due("slow"), due("slow"), due("quick")).wanted(again=False)
    assert (wanted.limit, wanted.each) == (ALL - 3, OF_A_RECEIVER)
    assert wanted.slots == {"slow": OF_A_RECEIVER - 2, "quick": OF_A_RECEIVER - 1}


def test_a_receiver_that_failed_has_one_seat_until_it_answers() -> None:
    slots = with_failing("down")
    assert slots.wanted(again=False).slots == {"down": 1}
    assert slots.wanted(again=True).slots == {"down": 1}
    slots.take(due("down"))
    assert slots.wanted(again=True).slots == {"down": 0}
    slots.heard_of("down", failed=False)
    assert slots.wanted(again=True).slots == {"down": OF_A_RECEIVER - 1}


def test_all_that_failed_have_half_of_the_seats_between_them() -> None:
    names = [f"down{number}" for number in range(OF_THE_FAILING + 10)]
    slots = with_failing(*names)
    turns = [name for name, left in slots.wanted(again=False).slots.items() if left]
    assert len(turns) == OF_THE_FAILING
    taken(slots, *(due(name) for name in turns))
    wanted = slots.wanted(again=False)
    assert wanted.limit == ALL - OF_THE_FAILING
    assert not any(wanted.slots[name] for name in names)
    assert slots.wanted(again=True).limit == 0


def test_repeated_tries_count_as_those_of_one_that_failed() -> None:
    slots = taken(
        ReceiverLimiter(), *(due(f"unknown{number}", turn=2) for number in range(OF_THE_FAILING))
    )
    assert slots.wanted(again=True).limit == 0
    assert slots.wanted(again=False).limit == ALL - OF_THE_FAILING


def test_one_that_fails_while_its_seat_is_promised_gets_it_and_no_other_does() -> None:
    slots = taken(
        ReceiverLimiter(), *(due(f"unknown{number}", turn=2) for number in range(OF_THE_FAILING))
    )
    slots.heard_of("promised", failed=True)
    taken(slots, due("promised"))
    assert slots.wanted(again=True).limit == 0
    slots.heard_of("late", failed=True)
    assert slots.wanted(again=False).slots["late"] == 0


def test_of_many_that_failed_each_has_its_turn() -> None:
    names = {f"down{number}" for number in range(3 * OF_THE_FAILING)}
    slots = with_failing(*names)
    had_a_turn = {
        name for _ in range(3) for name, left in slots.wanted(again=False).slots.items() if left
    }
    assert had_a_turn == names


def test_a_seat_that_is_left_can_be_taken_again() -> None:
    slots, first = ReceiverLimiter(), due("slow", turn=2)
    taken(slots, first, *(due("slow") for _ in range(OF_A_RECEIVER - 1)))
    assert slots.wanted(again=False).slots == {"slow": 0}
    assert slots.leave(first)  # somebody may have waited for it
    assert slots.wanted(again=False).slots == {"slow": 1}
    assert slots.wanted(again=True).limit == OF_THE_FAILING
    alone = due("quick")
    assert not taken(slots, alone).leave(alone)
    assert "quick" not in slots.wanted(again=False).slots


def test_only_so_many_that_failed_are_remembered() -> None:
    slots = with_failing(*(f"down{number}" for number in range(1001)))
    assert "down0" not in slots.wanted(again=True).slots
    assert len(slots.wanted(again=True).slots) == 1000
