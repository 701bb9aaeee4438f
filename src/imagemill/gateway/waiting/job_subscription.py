"""One client's subscription to the changes of one job."""

import asyncio
from dataclasses import dataclass, field

from imagemill.jobs.changes import Change, JobChanges
from imagemill.jobs.job import Job, JobId


@dataclass(slots=True, eq=False)
class JobSubscription:
    """What a client knows of a job, and the changes that it has not taken yet.

    It receives no changes before it has taken the last ones: a slow client holds one batch at most,
    and later changes are read from PostgreSQL when it asks again.
    """

    job_id: JobId
    after: int | None = None
    """The id of the last change that it received; None: it has no position in the history yet."""
    job: Job | None = None
    """The job as it is now."""
    changes: tuple[Change, ...] = ()
    is_deleted: bool = False
    """Whether the job was deleted."""
    is_canceled: bool = False
    """Whether the client has disconnected, or the gateway stops."""
    is_stale: bool = False
    """Whether the job may have changed while the subscription could receive nothing."""
    updated: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def can_receive(self) -> bool:
        return self.after is not None and not self.changes and not self.is_deleted

    def receive(self, found: JobChanges) -> None:
        self.job, self.changes, self.is_deleted = found.job, found.changes, found.job is None
        if found.changes:
            self.after = found.changes[-1].id
        self.updated.set()

    def cancel(self) -> None:
        self.is_canceled = True
        self.updated.set()

    def take_changes(self) -> tuple[Change, ...]:
        changes, self.changes = self.changes, ()
        return changes
