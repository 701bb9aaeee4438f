"""What is sent when a job has ended."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel

from imagemill.api_schemas import JobBody
from imagemill.jobs.job import Job


class WebhookBody(BaseModel):
    """The end of a job: `job.completed`, `job.failed` or `job.canceled`, when, and the job."""

    type: str
    timestamp: datetime
    data: JobBody

    @classmethod
    def of(cls, event: str, job: Job) -> Self:
        """Return the word of the end that the job was left with."""
        return cls(type=event, timestamp=job.completed_at or job.updated_at, data=JobBody.of(job))
