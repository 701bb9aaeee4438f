"""The end of the history, followed without a hole while transactions commit in any order."""

from collections.abc import Iterator

import psycopg
import pytest

from imagemill.gateway.waiting.event_feed import KEPT, EventFeed
from imagemill.gateway.waiting.gap_tracker import GapTracker
from imagemill.jobs.changes import Changes, HistoryRow, SequenceState
from imagemill.jobs.ids import new_job_id
from imagemill.jobs.store import JobStore
from imagemill.postgres.pool import Postgres
from imagemill.settings.addresses import PostgresAddress
from support.jobs import new_job
from support.servers import connect

ACCEPT = """
    INSERT INTO jobs (id, input_path, input, pipeline) VALUES (%s, 'inputs/abc/cat.jpg',
        '{"filename": null, "media_type": "image/png", "bytes": 3, "sha256": "ab"}', '{}')
"""
EVENT = "SELECT id FROM job_events WHERE job_id = %s"


class Writer:
    """A session with a transaction of its own that stays open until it is told to commit."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection
        connection.autocommit = False

    def begin(self) -> None:
        """Have a transaction, and a number for it, that has written nothing that is a job's."""
        self.connection.execute("SELECT pg_current_xact_id()")

    def accept(self) -> int:
        """Record a job without committing, and return the id of its event."""
        job_id = new_job_id()
        self.connection.execute(ACCEPT, [job_id])
        ((event_id,),) = self.connection.execute(EVENT, [job_id]).fetchall()
        return int(event_id)

    def commit(self) -> None:
        self.connection.commit()


@pytest.fixture
def writers(postgres_address: PostgresAddress) -> Iterator[tuple[Writer, Writer]]:
    with connect(postgres_address) as one, connect(postgres_address) as other:
        yield Writer(one), Writer(other)


@pytest.fixture
async def tail(pool: Postgres) -> EventFeed:
    """A tail that somebody listens to, read up to now."""
    tail = EventFeed(Changes(pool), listeners=1)
    assert await tail.advance()
    return tail


def told(tail: EventFeed) -> list[int]:
    return [one.id for one in tail._kept]


async def test_changes_are_told_in_the_order_of_their_ids(
    tail: EventFeed, job_store: JobStore
) -> None:
    ids = [(await job_store.accept(new_job())).id for _ in range(3)]
    await job_store.cancel(ids[0])
    assert await tail.advance()
    assert len(told(tail)) == 4
    assert told(tail) == sorted(told(tail))


@pytest.mark.parametrize("numbered_first", [0, 1], ids=["lower", "higher"])
async def test_a_lower_id_that_is_committed_after_a_higher_one_was_seen_is_not_missed(
    tail: EventFeed, writers: tuple[Writer, Writer], numbered_first: int
) -> None:
    # Whichever transaction is the older one: ids of events and of transactions need not agree.
    writers[numbered_first].begin()
    writers[1 - numbered_first].begin()
    late, early = writers
    lower, higher = late.accept(), early.accept()
    assert lower < higher
    early.commit()
    for _ in range(3):
        assert not await tail.advance()
        assert told(tail) == []
    late.commit()
    await tail.advance()
    assert told(tail) == [lower, higher]


async def test_an_id_that_nobody_will_bring_is_passed_over(
    tail: EventFeed, writers: tuple[Writer, Writer]
) -> None:
    failing, other = writers
    failing.accept()
    behind = other.accept()
    other.commit()
    assert not await tail.advance()
    failing.connection.rollback()
    assert await tail.advance()
    assert told(tail) == [behind]


async def test_a_gap_is_settled_though_others_go_on_writing(
    tail: EventFeed, writers: tuple[Writer, Writer]
) -> None:
    one, other = writers
    lower, higher = one.accept(), other.accept()
    other.commit()
    assert not await tail.advance()
    later = other.accept()
    one.connection.rollback()
    await tail.advance()
    assert told(tail) == [higher]
    other.commit()
    await tail.advance()
    assert told(tail) == [higher, later]
    assert lower < higher < later


async def test_a_transaction_that_writes_no_history_holds_up_nothing(
    tail: EventFeed, writers: tuple[Writer, Writer]
) -> None:
    idle, busy = writers
    idle.begin()
    busy.accept()
    busy.connection.rollback()
    seen = busy.accept()
    busy.commit()
    assert await tail.advance()
    assert told(tail) == [seen]


async def test_what_was_under_way_when_a_listener_came_is_still_told(
    pool: Postgres, writers: tuple[Writer, Writer]
) -> None:
    late, early = writers
    late.accept()
    early.accept()
    early.commit()
    tail = EventFeed(Changes(pool), listeners=1)
    assert not await tail.advance()  # it does not begin before it is known what is past
    assert tail.position is None
    late.commit()
    assert await tail.advance()
    assert told(tail) == []
    new = late.accept()
    late.commit()
    assert await tail.advance()
    assert told(tail) == [new]


async def test_only_so_many_changes_are_kept_and_the_others_are_read_from_the_ledger(
    tail: EventFeed, job_store: JobStore
) -> None:
    begin = tail.position
    assert begin is not None
    ids = [(await job_store.accept(new_job())).id for _ in range(2 * KEPT + 20)]
    assert await tail.advance()
    assert KEPT <= len(told(tail)) < 2 * KEPT
    listener = tail.after(begin, owner=None)
    received: list[int] = []
    while len(received) < len(ids):
        received += [one.id for one in await anext(listener)]
    assert received == sorted(set(received))
    assert received[-len(told(tail)) :] == told(tail)
    await listener.aclose()


async def test_history_that_counts_anew_from_a_lower_id_is_followed_from_there(
    tail: EventFeed, job_store: JobStore
) -> None:
    newest = tail.position
    assert newest is not None
    tail.position = newest + 1000  # as if PostgreSQL had lost as many
    assert await tail.advance()
    await job_store.accept(new_job())
    assert await tail.advance()
    assert told(tail) == [newest + 1]


def test_what_is_behind_a_gap_waits_until_those_who_may_fill_it_are_done() -> None:
    settling, rows = GapTracker(), [HistoryRow(1, None), HistoryRow(3, None)]
    settling.note(SequenceState(3, frozenset({"2/7"})))
    assert [row.id for row in settling.complete(0, rows)] == [1]
    settling.note(SequenceState(9, frozenset({"2/7", "3/1"})))
    assert [row.id for row in settling.complete(0, rows)] == [1]
    settling.note(SequenceState(9, frozenset({"3/1"})))
    assert [row.id for row in settling.complete(0, rows)] == [1, 3]
    assert settling.settled == 3
