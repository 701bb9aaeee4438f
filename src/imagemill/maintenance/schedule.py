"""What a worker does beside the jobs, to keep ledger and storage in order."""

import asyncio
from dataclasses import dataclass
from typing import Final

from imagemill.maintenance.janitor import Janitor
from imagemill.maintenance.retention import Retention
from imagemill.periodic import run_periodically

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
            run_periodically("retention", self.retention.forget, RETENTION_SECONDS),
            run_periodically("keys", self.retention.forget_keys, RETENTION_SECONDS),
            run_periodically("removal", self.retention.remove_files, RETENTION_SECONDS),
            run_periodically("leftovers", self.janitor.clear_abandoned, LEFTOVERS_SECONDS),
            run_periodically("janitor", self.janitor.round, JANITOR_SECONDS),
        )
