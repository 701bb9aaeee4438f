"""The command `imagemill jobs list`."""

from collections.abc import Collection
from itertools import islice

from imagemill.cli.job_printer import JobPrinter
from imagemill.client import Client

# The most that a gateway returns at once.
MAX_PAGE_SIZE = 200


def print_jobs(client: Client, statuses: Collection[str], limit: int, printer: JobPrinter) -> None:
    """Print the newest jobs, or those that have one of the statuses. Raises ClientError."""
    jobs = client.jobs(status=statuses, page_size=min(limit, MAX_PAGE_SIZE))
    for job in islice(jobs, limit):
        printer.print(job, job.created_at)
