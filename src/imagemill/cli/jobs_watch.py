"""The command `imagemill jobs watch`: a line for each change of a job, or of all jobs."""

from uuid import UUID

from imagemill.cli.job_printer import JobPrinter
from imagemill.client import Client, Status


def print_changes(client: Client, job_id: UUID | None, printer: JobPrinter) -> bool:
    """Print each change until the job has ended, and return whether it is COMPLETED.

    Those of all jobs are printed without end. Raises ClientError.
    """
    is_completed = False
    for event in client.events(job_id):
        if event.job is None:
            printer.print_deleted(event.job_id)
        else:
            printer.print(event.job, event.job.updated_at)
            is_completed = event.job.status is Status.COMPLETED
    return is_completed
