"""The commands `imagemill jobs retry`, `cancel` and `delete`, for one job or many."""

from collections.abc import Callable, Iterable, Sequence
from uuid import UUID

from imagemill.cli.errors import print_error
from imagemill.cli.job_printer import JobPrinter
from imagemill.client import Client, Conflict, Job, NotFound
from imagemill.client.backoff import MAX_TRIES


def tries_for(ids: Sequence[UUID]) -> int:
    """Return how often a request is tried: a run of many does not end at one busy answer."""
    return MAX_TRIES if len(ids) > 1 else 1


def change_jobs(change: Callable[[UUID], Job], ids: Iterable[UUID], printer: JobPrinter) -> bool:
    """Change each job and print it; return whether none was refused. Raises ClientError."""

    def change_one(job_id: UUID) -> None:
        job = change(job_id)
        printer.print(job, job.updated_at)

    return _for_each(change_one, ids)


def delete_jobs(client: Client, ids: Iterable[UUID], printer: JobPrinter) -> bool:
    """Delete each job; return whether none was refused. Raises ClientError."""

    def delete_one(job_id: UUID) -> None:
        client.delete(job_id)
        printer.print_deleted(job_id)

    return _for_each(delete_one, ids)


def _for_each(act: Callable[[UUID], None], ids: Iterable[UUID]) -> bool:
    """Act on each job, on the others too when one is refused."""
    is_done = True
    for job_id in ids:
        try:
            act(job_id)
        except (Conflict, NotFound) as error:
            print_error(error)
            is_done = False
    return is_done
