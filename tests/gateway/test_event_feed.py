"""The feed of all changes: complete and in order, though transactions commit in any order."""

from collections.abc import Iterator

import psycopg
import pytest

from imagemill.gateway.waiting.event_feed import BUFFER_SIZE, EventFeed
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
    """A session whose transaction stays open until `commit`."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection
        connection.autocommit = False

    def begin(self) -> None:
        """Begin a transaction with an id, without writing to the tables of jobs."""
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
async def feed(pool: Postgres) -> EventFeed:
    """A feed with a listener, read up to now."""
    feed = EventFeed(Changes(pool), listeners=1)
    assert await feed.poll()
    return feed


def buffered(feed: EventFeed) -> list[int]:
    return [one.id for one in feed._buffer]


async def test_changes_are_delivered_in_the_order_of_their_ids(
    feed: EventFeed, job_store: JobStore
) -> None:
    ids = [(await job_store.accept(new_job())).id for _ in range(3)]
    await job_store.cancel(ids[0])
    assert await feed.poll()
    assert len(buffered(feed)) == 4
    assert buffered(feed) == sorted(buffered(feed))


@pytest.mark.parametrize("numbered_first", [0, 1], ids=["lower", "higher"])
async def test_a_lower_id_that_is_committed_after_a_higher_one_was_seen_is_not_missed(
    feed: EventFeed, writers: tuple[Writer, Writer], numbered_first: int
) -> None:
    # Whichever transaction is the older one: ids of events and of transactions need not agree.
    writers[numbered_first].begin()
    writers[1 - numbered_first].begin()
    late, early = writers
    lower, higher = late.accept(), early.accept()
    assert lower < higher
    early.commit()
    for _ in range(3):
        assert not await feed.poll()
        assert buffered(feed) == []
    late.commit()
    await feed.poll()
    assert buffered(feed) == [lower, higher]


async def test_the_id_of_a_transaction_that_was_rolled_back_is_passed(
    feed: EventFeed, writers: tuple[Writer, Writer]
) -> None:
    failing, other = writers
    failing.accept()
    behind = other.accept()
    other.commit()
    assert not await feed.poll()
    failing.connection.rollback()
    assert await feed.poll()
    assert buffered(feed) == [behind]


async def test_a_gap_is_settled_though_others_go_on_writing(
    feed: EventFeed, writers: tuple[Writer, Writer]
) -> None:
    one, other = writers
    lower, higher = one.accept(), other.accept()
    other.commit()
    assert not await feed.poll()
    later = other.accept()
    one.connection.rollback()
    await feed.poll()
    assert buffered(feed) == [higher]
    other.commit()
    await feed.poll()
    assert buffered(feed) == [higher, later]
    assert lower < higher < later


async def test_a_transaction_that_writes_no_history_holds_up_nothing(
    feed: EventFeed, writers: tuple[Writer, Writer]
) -> None:
    idle, busy = writers
    idle.begin()
    busy.accept()
    busy.connection.rollback()
    seen = busy.accept()
    busy.commit()
    assert await feed.poll()
    assert buffered(feed) == [seen]


async def test_what_was_under_way_when_a_listener_came_is_still_buffered(
    pool: Postgres, writers: tuple[Writer, Writer]
) -> None:
    late, early = writers
    late.accept()
    early.accept()
    early.commit()
    feed = EventFeed(Changes(pool), listeners=1)
    assert not await feed.poll()  # it does not start before the history is settled
    assert feed.position is None
    late.commit()
    assert await feed.poll()
    assert buffered(feed) == []
    new = late.accept()
    late.commit()
    assert await feed.poll()
    assert buffered(feed) == [new]


async def test_changes_that_are_not_buffered_any_more_are_read_from_postgresql(
    feed: EventFeed, job_store: JobStore
) -> None:
    begin = feed.position
    assert begin is not None
    ids = [(await job_store.accept(new_job())).id for _ in range(2 * BUFFER_SIZE + 20)]
    assert await feed.poll()
    assert BUFFER_SIZE <= len(buffered(feed)) < 2 * BUFFER_SIZE
    listener = feed.events_after(begin, owner=None)
    received: list[int] = []
    while len(received) < len(ids):
        received += [one.id for one in await anext(listener)]
    assert received == sorted(set(received))
    assert received[-len(buffered(feed)) :] == buffered(feed)
    await listener.aclose()


async def test_a_feed_follows_a_history_whose_ids_start_again_lower(
    feed: EventFeed, job_store: JobStore
) -> None:
    newest = feed.position
    assert newest is not None
    feed.position = newest + 1000  # as if PostgreSQL had lost as many
    assert await feed.poll()
    await job_store.accept(new_job())
    assert await feed.poll()
    assert buffered(feed) == [newest + 1]


def test_rows_after_a_gap_wait_until_every_transaction_that_may_fill_it_has_ended() -> None:
    gaps, rows = GapTracker(), [HistoryRow(1, None), HistoryRow(3, None)]
    gaps.observe(SequenceState(3, frozenset({"2/7"})))
    assert [row.id for row in gaps.contiguous(0, rows)] == [1]
    gaps.observe(SequenceState(9, frozenset({"2/7", "3/1"})))
    assert [row.id for row in gaps.contiguous(0, rows)] == [1]
    gaps.observe(SequenceState(9, frozenset({"3/1"})))
    assert [row.id for row in gaps.contiguous(0, rows)] == [1, 3]
    assert gaps.settled == 3
