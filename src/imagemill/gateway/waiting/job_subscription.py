"""One client's wait for one job."""

import asyncio
from dataclasses import dataclass, field

from imagemill.jobs.changes import Change, JobChanges
from imagemill.jobs.job import Job, JobId


@dataclass(slots=True, eq=False)
class JobSubscription:
    """What a client knows of a job, and what it has not taken notice of yet.

    It is told more only when it has taken what it was told: so a slow client holds no more than one
    batch of changes, and what comes meanwhile is read when it asks again.
    """

    job_id: JobId
    after: int | None = None  # the id of the last change that it was told; None: not read yet
    job: Job | None = None  # as it is now
    changes: tuple[Change, ...] = ()
    is_gone: bool = False  # the job was deleted
    is_left: bool = False  # nobody is there any more to be told, or the gateway is being stopped
    is_stale: bool = False  # there was news while it could not be told
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def can_be_told(self) -> bool:
        return self.after is not None and not self.changes and not self.is_gone

    def tell(self, found: JobChanges) -> None:
        self.job, self.changes, self.is_gone = found.job, found.changes, found.job is None
        if found.changes:
            self.after = found.changes[-1].id
        self.woken.set()

    def leave(self) -> None:
        self.is_left = True
        self.woken.set()

    def take(self) -> tuple[Change, ...]:
        changes, self.changes = self.changes, ()
        return changes
