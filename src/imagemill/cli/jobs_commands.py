"""The commands `imagemill jobs …` and `imagemill status`, which ask a gateway.

Each imports what it runs when it is called, so that no command waits for the libraries of another.
"""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

import typer

from imagemill.cli.gateway_address import DEFAULT_URL, Key, Url
from imagemill.cli.plain_help import PlainCommand, PlainGroup

jobs = typer.Typer(
    cls=PlainGroup, help="List, follow and change the jobs of a gateway.", no_args_is_help=True
)


class StatusName(StrEnum):
    """The statuses of jobs/job.py, whose import would take longer than the help."""

    PENDING = "PENDING"
    PROCESSING = "PROCESSING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"


Id = Annotated[UUID, typer.Argument(help="The job's id.")]
Ids = Annotated[list[UUID], typer.Argument(help="The jobs' ids.")]
Json = Annotated[bool, typer.Option("--json", help="Print a line of JSON for each job.")]


@jobs.command("list", cls=PlainCommand)
def list_jobs(
    *,
    status: Annotated[
        list[StatusName] | None,
        typer.Option(case_sensitive=False, help="Only jobs with this status; may be repeated."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many jobs.")] = 20,
    url: Url = DEFAULT_URL,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """List the newest jobs.

    Without a terminal the columns are separated by tabs: id, status, time of the upload, name of
    the file, and what became of it.
    """
    from imagemill.cli.gateway_client import use_gateway
    from imagemill.cli.job_printer import JobPrinter
    from imagemill.cli.jobs_list import print_jobs

    with use_gateway(url, key) as client:
        print_jobs(client, status or (), limit, JobPrinter(as_json=as_json))


@jobs.command("show", cls=PlainCommand)
def show_job(job: Id, *, url: Url = DEFAULT_URL, key: Key = None, as_json: Json = False) -> None:
    """Show a job with its files, its history, and what it waits for."""
    from imagemill.cli.gateway_client import use_gateway
    from imagemill.cli.job_printer import JobPrinter
    from imagemill.cli.jobs_show import print_job

    with use_gateway(url, key) as client:
        if as_json:
            JobPrinter(as_json=True).print_json(client.job(job).model_dump(mode="json"))
        else:
            print_job(client, job, url)


@jobs.command("watch", cls=PlainCommand)
def watch_jobs(
    job: Annotated[UUID | None, typer.Argument(help="A job's id; default: all jobs.")] = None,
    *,
    url: Url = DEFAULT_URL,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Show each change of a job until it has ended, or those of all jobs until Ctrl-C.

    Exit status: 0 if the job is COMPLETED, 1 if it ended otherwise.
    """
    from imagemill.cli.gateway_client import use_gateway
    from imagemill.cli.job_printer import JobPrinter
    from imagemill.cli.jobs_watch import print_changes

    with use_gateway(url, key) as client:
        is_completed = print_changes(client, job, JobPrinter(as_json=as_json))
        raise typer.Exit(0 if is_completed else 1)


@jobs.command("retry", cls=PlainCommand)
def retry_jobs(ids: Ids, *, url: Url = DEFAULT_URL, key: Key = None, as_json: Json = False) -> None:
    """Queue jobs again that are FAILED or CANCELED.

    Exit status: 0, or 1 if one of them is not; the others are queued all the same.
    """
    from imagemill.cli.gateway_client import use_gateway
    from imagemill.cli.job_printer import JobPrinter
    from imagemill.cli.jobs_change import change_jobs, tries_for

    with use_gateway(url, key, tries_for(ids)) as client:
        is_done = change_jobs(client.retry, ids, JobPrinter(as_json=as_json))
        raise typer.Exit(0 if is_done else 1)


@jobs.command("cancel", cls=PlainCommand)
def cancel_jobs(
    ids: Ids, *, url: Url = DEFAULT_URL, key: Key = None, as_json: Json = False
) -> None:
    """Cancel jobs that have not ended.

    Exit status: 0, or 1 if one of them had; the others are canceled all the same.
    """
    from imagemill.cli.gateway_client import use_gateway
    from imagemill.cli.job_printer import JobPrinter
    from imagemill.cli.jobs_change import change_jobs, tries_for

    with use_gateway(url, key, tries_for(ids)) as client:
        is_done = change_jobs(client.cancel, ids, JobPrinter(as_json=as_json))
        raise typer.Exit(0 if is_done else 1)


@jobs.command("delete", cls=PlainCommand)
def delete_jobs(
    ids: Ids, *, url: Url = DEFAULT_URL, key: Key = None, as_json: Json = False
) -> None:
    """Delete jobs with their files, whatever their status.

    Exit status: 0, or 1 if there is no such job; the others are deleted all the same.
    """
    from imagemill.cli.gateway_client import use_gateway
    from imagemill.cli.job_printer import JobPrinter
    from imagemill.cli.jobs_change import delete_jobs as delete
    from imagemill.cli.jobs_change import tries_for

    with use_gateway(url, key, tries_for(ids)) as client:
        raise typer.Exit(0 if delete(client, ids, JobPrinter(as_json=as_json)) else 1)


def status(
    *,
    url: Url = DEFAULT_URL,
    key: Key = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say whether a gateway accepts uploads, and how much waits.

    Exit status: 0 if it accepts uploads, 1 if not, 3 if it cannot be reached.
    """
    from imagemill.cli.gateway_client import use_gateway
    from imagemill.cli.status import print_status

    with use_gateway(url, key):
        raise typer.Exit(0 if print_status(url, key, as_json=as_json) else 1)
