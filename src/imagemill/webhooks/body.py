"""The body of a webhook."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel

from imagemill.api_schemas import JobBody
from imagemill.jobs.job import Job


class WebhookBody(BaseModel):
    """The end of a job: `job.completed`, `job.failed` or `job.canceled`, its time, and the job."""

    type: str
    timestamp: datetime
    data: JobBody

    @classmethod
    def of(cls, event: str, job: Job, root_path: str) -> Self:
        """Return the body for the event that left the job as it is here.

        `root_path` is the prefix of the gateway behind a proxy, "" for none.
        """
        return cls(
            type=event,
            timestamp=job.completed_at or job.updated_at,
            data=JobBody.of(job, root_path),
        )
