"""Up to which id the history is complete. Pure: what the ledger says comes in as arguments.

A row of history gets its id before its transaction commits, so a gap between two ids may be filled
later, or never: its transaction failed, or its job was deleted. Whoever tells of a higher id first
and goes on from there would lose what fills the gap.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from imagemill.jobs.changes import HistoryRow, SequenceState


@dataclass(slots=True)
class GapTracker:
    """Watches the writers of history. No row will come any more with an id of up to `settled`."""

    settled: int | None = None
    _candidate: SequenceState | None = None

    def note(self, standing: SequenceState) -> None:
        """Take notice of who writes now. What was noted before may be settled by that."""
        if not standing.writers:
            self.settled, self._candidate = standing.newest, None
        elif self._candidate is None:
            self._candidate = standing
        elif self._candidate.writers.isdisjoint(standing.writers):
            self.settled, self._candidate = self._candidate.newest, standing

    def complete(self, after: int, rows: Iterable[HistoryRow]) -> Iterator[HistoryRow]:
        """Yield those of the rows that no other can come before.

        `rows` are in order, the first behind `after`, and were read after the last `note`.
        """
        for row in rows:
            if row.id != after + 1 and row.id - 1 > (self.settled or 0):
                return
            yield row
            after = row.id
