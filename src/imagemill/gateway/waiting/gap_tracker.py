"""Up to which id the table `job_events` is complete. Pure: takes what PostgreSQL says as arguments.

The ids of `job_events` come from a sequence, which a transaction advances before it commits. So a
row may become visible after rows with higher ids, and a gap between the ids that are visible means
one of two things: a transaction that has taken an id is still in progress, or the id will never
appear, since its transaction was rolled back or its job was deleted. A reader that passes a gap
of the first kind loses the row that fills it later.

A SequenceState tells them apart. It names the highest id that was taken, `newest`, and the
transactions in progress that hold a ROW EXCLUSIVE lock on `job_events` (pg_locks), its `writers`.
INSERT takes this lock before the id, and holds it until the end of its transaction. So when every
writer of one state is gone from a later state, each id up to the `newest` of the first is either
visible or will never appear: the history is settled up to there, and its gaps can be passed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from imagemill.jobs.changes import HistoryRow, SequenceState


@dataclass(slots=True)
class GapTracker:
    """Derives from successive sequence states up to which id the history is settled."""

    settled: int | None = None
    """No row with an id up to this one will become visible any more. None: not known yet."""
    _unsettled: SequenceState | None = None
    """The state whose writers are waited for."""

    def observe(self, state: SequenceState) -> None:
        """Take a new state into account, which may settle the history up to an earlier one."""
        if not state.writers:
            self.settled, self._unsettled = state.newest, None
        elif self._unsettled is None:
            self._unsettled = state
        elif self._unsettled.writers.isdisjoint(state.writers):
            self.settled, self._unsettled = self._unsettled.newest, state

    def contiguous(self, after: int, rows: Iterable[HistoryRow]) -> Iterator[HistoryRow]:
        """Yield the rows up to the first gap that may still be filled.

        `rows` are ordered by id, begin after the id `after`, and were read after the last state
        that was observed.
        """
        for row in rows:
            has_gap_before = row.id != after + 1
            if has_gap_before and row.id - 1 > (self.settled or 0):
                return
            yield row
            after = row.id
