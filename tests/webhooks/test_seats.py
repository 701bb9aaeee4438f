"""Who may be sent to: nobody who hangs gets in the way of those who answer."""

from uuid import uuid4

from imagemill.jobs.delivery import Due
from imagemill.jobs.job import JobId
from imagemill.webhooks.seats import ALL, OF_A_RECEIVER, OF_THE_FAILING, Seats


def due(receiver: str, turn: int = 1) -> Due:
    return Due(
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


def taken(seats: Seats, *deliveries: Due) -> Seats:
    for one in deliveries:
        seats.take(one)
    return seats


def with_failing(*receivers: str) -> Seats:
    seats = Seats()
    for receiver in receivers:
        seats.heard_of(receiver, failed=True)
    return seats


def test_a_receiver_has_a_few_seats_and_others_have_theirs() -> None:
    wanted = taken(Seats(), due("slow"), due("slow"), due("quick")).wanted(again=False)
    assert (wanted.limit, wanted.each) == (ALL - 3, OF_A_RECEIVER)
    assert wanted.seats == {"slow": OF_A_RECEIVER - 2, "quick": OF_A_RECEIVER - 1}


def test_a_receiver_that_failed_has_one_seat_until_it_answers() -> None:
    seats = with_failing("down")
    assert seats.wanted(again=False).seats == {"down": 1}
    assert seats.wanted(again=True).seats == {"down": 1}
    seats.take(due("down"))
    assert seats.wanted(again=True).seats == {"down": 0}
    seats.heard_of("down", failed=False)
    assert seats.wanted(again=True).seats == {"down": OF_A_RECEIVER - 1}


def test_all_that_failed_have_half_of_the_seats_between_them() -> None:
    names = [f"down{number}" for number in range(OF_THE_FAILING + 10)]
    seats = with_failing(*names)
    turns = [name for name, left in seats.wanted(again=False).seats.items() if left]
    assert len(turns) == OF_THE_FAILING
    taken(seats, *(due(name) for name in turns))
    wanted = seats.wanted(again=False)
    assert wanted.limit == ALL - OF_THE_FAILING
    assert not any(wanted.seats[name] for name in names)
    assert seats.wanted(again=True).limit == 0


def test_repeated_tries_count_as_those_of_one_that_failed() -> None:
    seats = taken(Seats(), *(due(f"unknown{number}", turn=2) for number in range(OF_THE_FAILING)))
    assert seats.wanted(again=True).limit == 0
    assert seats.wanted(again=False).limit == ALL - OF_THE_FAILING


def test_of_many_that_failed_each_has_its_turn() -> None:
    names = {f"down{number}" for number in range(3 * OF_THE_FAILING)}
    seats = with_failing(*names)
    had_a_turn = {
        name for _ in range(3) for name, left in seats.wanted(again=False).seats.items() if left
    }
    assert had_a_turn == names


def test_a_seat_that_is_left_can_be_taken_again() -> None:
    seats, first = Seats(), due("slow", turn=2)
    taken(seats, first, *(due("slow") for _ in range(OF_A_RECEIVER - 1)))
    assert seats.wanted(again=False).seats == {"slow": 0}
    assert seats.leave(first)  # somebody may have waited for it
    assert seats.wanted(again=False).seats == {"slow": 1}
    assert seats.wanted(again=True).limit == OF_THE_FAILING
    alone = due("quick")
    assert not taken(seats, alone).leave(alone)
    assert "quick" not in seats.wanted(again=False).seats


def test_only_so_many_that_failed_are_remembered() -> None:
    seats = with_failing(*(f"down{number}" for number in range(1001)))
    assert "down0" not in seats.wanted(again=True).seats
    assert len(seats.wanted(again=True).seats) == 1000
