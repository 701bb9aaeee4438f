"""The command `imagemill jobs list`."""

from collections.abc import Collection
from itertools import islice

from imagemill.cli.job_printer import JobPrinter
from imagemill.client import Client

# The most that a gateway returns at once.
MAX_PAGE_SIZE = 200


def print_jobs(client: Client, statuses: Collection[str], limit: int, printer: JobPrinter) -> None:
    """Print the newest jobs, or those that have one of the statuses. Raises ClientError."""
    found = client.jobs(status=statuses, page_size=min(limit, MAX_PAGE_SIZE))
    is_empty = True
    for job in islice(found, limit):
        printer.print(job, job.created_at)
        is_empty = False
    if is_empty:
        printer.print_remark("There are no such jobs." if statuses else "There are no jobs.")
