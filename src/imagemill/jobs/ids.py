"""Ids of new jobs."""

from uuid_utils.compat import uuid7

from imagemill.jobs.job import JobId


def new_job_id() -> JobId:
    """Return a UUIDv7: it sorts by time, so new rows go to one end of the index (RFC 9562, 5.7)."""
    return JobId(uuid7())
