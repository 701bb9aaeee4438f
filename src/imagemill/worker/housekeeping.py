"""What a worker does beside the jobs, to keep ledger and storage in order."""

import asyncio
from dataclasses import dataclass
from typing import Final

from imagemill.worker.janitor import Janitor
from imagemill.worker.retention import Retention
from imagemill.worker.rounds import rounds

# Looks into indexes for what is nearly never there; and the janitor's hour is one for all workers.
RETENTION_SECONDS: Final = (5.0, 10.0)
# A folder for each process of the mill to look at.
LEFTOVERS_SECONDS: Final = (10.0, 20.0)
JANITOR_SECONDS: Final = (30.0, 90.0)
# Spreads a round over minutes where there are thousands of shards.
JANITOR_PAUSE_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class Housekeeping:
    """The chores, each at its own pace, so that none waits for another's neighbour."""

    retention: Retention
    janitor: Janitor

    async def run(self) -> None:
        """Keep house for ever."""
        await asyncio.gather(
            rounds("retention", self.retention.forget, RETENTION_SECONDS),
            rounds("keys", self.retention.forget_keys, RETENTION_SECONDS),
            rounds("removal", self.retention.remove_files, RETENTION_SECONDS),
            rounds("leftovers", self.janitor.clear_abandoned, LEFTOVERS_SECONDS),
            rounds("janitor", self.janitor.round, JANITOR_SECONDS),
        )
