"""Who may be sent to at this moment, so that a dead receiver slows nobody else down.

A try takes a seat. A receiver has a few, and only one while its last try failed; all those that
failed have half of the seats between them. So whoever hangs costs others nothing once that is
known, and a thousand who hang for the first time cost them a time-out or two.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from imagemill.jobs.job import JobId
from imagemill.webhooks.deliveries import ClaimRequest
from imagemill.webhooks.delivery import ClaimedDelivery

ALL: Final = 256
OF_THE_FAILING: Final = 128
OF_A_RECEIVER: Final = 4
OF_A_FAILING_ONE: Final = 1
# So many receivers are remembered as failing; who has not been tried for longest is forgotten.
MOST_REMEMBERED: Final = 1000


@dataclass(slots=True)
class ReceiverLimiter:
    """The seats of one worker, and which receivers it knows to be failing."""

    _taken: Counter[str] = field(default_factory=Counter)
    _taken_by_failing: set[tuple[JobId, int, int]] = field(default_factory=set)
    # A dictionary for its order: whoever had a turn goes to its end.
    _failing: dict[str, None] = field(default_factory=dict)

    def wanted(self, *, again: bool) -> ClaimRequest:
        """Return what there are seats for, among repeated tries or among first ones."""
        free = ALL - self._taken.total()
        # More than their half when they failed only after these seats were promised to them.
        of_the_failing = max(0, min(free, OF_THE_FAILING - len(self._taken_by_failing)))
        left = {receiver: self._left(receiver) for receiver in {*self._taken, *self._failing}}
        if not again:
            # Those who have nothing to be sent cannot be told from the others here. So the turns go
            # round, and none of the failing waits for another one for ever.
            turns = [receiver for receiver in self._failing if left[receiver]][:of_the_failing]
            left |= dict.fromkeys(self._failing, 0) | dict.fromkeys(turns, OF_A_FAILING_ONE)
            for receiver in turns:
                self._remember(receiver)
        return ClaimRequest(
            of_the_failing if again else free, OF_A_RECEIVER, again=again, slots=left
        )

    def take(self, due: ClaimedDelivery) -> None:
        self._taken[due.receiver] += 1
        if due.turn > 1 or due.receiver in self._failing:
            self._taken_by_failing.add((due.job_id, due.n, due.attempt))

    def leave(self, due: ClaimedDelivery) -> bool:
        """Free a seat, and return whether somebody may have waited for it."""
        is_missed = not self._left(due.receiver) or self._taken.total() >= OF_THE_FAILING
        self._taken[due.receiver] -= 1
        if not self._taken[due.receiver]:
            del self._taken[due.receiver]
        self._taken_by_failing.discard((due.job_id, due.n, due.attempt))
        return is_missed

    def heard_of(self, receiver: str, *, failed: bool) -> None:
        """Note how the last try went."""
        if failed:
            self._remember(receiver)
        else:
            self._failing.pop(receiver, None)

    def _left(self, receiver: str) -> int:
        slots = OF_A_FAILING_ONE if receiver in self._failing else OF_A_RECEIVER
        return max(0, slots - self._taken[receiver])

    def _remember(self, receiver: str) -> None:
        self._failing.pop(receiver, None)
        self._failing[receiver] = None
        if len(self._failing) > MOST_REMEMBERED:
            del self._failing[next(iter(self._failing))]
