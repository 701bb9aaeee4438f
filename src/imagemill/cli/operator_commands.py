"""Commands for operators: `migrate`, `doctor`, `explain`, `backup`, `restore`, `keys` ….

Each imports what it runs when it is called, so that no command waits for the libraries of another.
"""

import asyncio
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from imagemill.cli.errors import exit_on_error
from imagemill.cli.plain_help import PlainCommand, PlainGroup

keys = typer.Typer(
    cls=PlainGroup,
    help="Manage API keys. Once there is a key, every request needs one.",
    no_args_is_help=True,
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
RunningData = Annotated[
    Path | None,
    typer.Option(
        file_okay=False,
        help="Data folder of a running `imagemill up`; default: ./.imagemill, unless the"
        " environment names servers.",
    ),
]
RestoredData = Annotated[
    Path | None,
    typer.Option(
        file_okay=False,
        help="Data folder of a stopped `imagemill up`; default: ./.imagemill, unless the"
        " environment names servers.",
    ),
]


def migrate() -> None:
    """Migrate PostgreSQL to the schema of this version. Services also do this when they start."""
    with exit_on_error():
        from imagemill.cli.startup import prepare_service

        prepare_service()


def doctor(
    *,
    fix: Annotated[bool, typer.Option("--fix", help="Fix what is safe to fix.")] = False,
    deep: Annotated[bool, typer.Option("--deep", help="Read every byte of every file.")] = False,
    as_json: Json = False,
    data: RunningData = None,
) -> None:
    """Check PostgreSQL, Redis, the storage and the image processes, and advise what to do.

    Exit status: 0 if all is well, 1 if something needs attention, 2 if a check could not run.
    """
    with exit_on_error(status=2):
        from imagemill.cli.data_folder import find_data
        from imagemill.cli.startup import connect_to_data
        from imagemill.doctor.command import run
        from imagemill.settings import read_settings
        from imagemill.telemetry.logs import configure_logs

        settings = read_settings()
        configure_logs("error", settings.log_format)
        settings = connect_to_data(settings, find_data(data))
        raise typer.Exit(asyncio.run(run(settings, fix=fix, deep=deep, as_json=as_json)))


def explain(
    job: Annotated[UUID, typer.Argument(help="The job's id.")],
    *,
    as_json: Json = False,
    data: RunningData = None,
) -> None:
    """Say in a sentence what a job waits for, as GET /jobs/{id}/explain does."""
    with exit_on_error():
        from imagemill.cli.explain import run
        from imagemill.cli.startup import prepare_database

        asyncio.run(run(prepare_database(data), job, as_json=as_json))


def backup(
    folder: Annotated[
        Path,
        typer.Argument(file_okay=False, resolve_path=True, help="A folder that does not exist."),
    ],
    *,
    data: RunningData = None,
) -> None:
    """Copy all jobs, keys and files into a new folder, while the services run.

    Exit status: 0 if the backup is complete; 1 if not, or without files that the storage has lost.
    """
    with exit_on_error():
        from imagemill.cli.backup import back_up
        from imagemill.cli.data_folder import find_data
        from imagemill.cli.startup import read_operator_settings

        raise typer.Exit(asyncio.run(back_up(read_operator_settings(), folder, find_data(data))))


def restore(
    folder: Annotated[
        Path, typer.Argument(exists=True, file_okay=False, resolve_path=True, help="A backup.")
    ],
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace all jobs and keys that are there.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Only read the backup and verify its digests.")
    ] = False,
    data: RestoredData = None,
) -> None:
    """Verify a backup, then restore it into PostgreSQL and the storage. Stop the services first."""
    with exit_on_error():
        from imagemill.cli import backup
        from imagemill.cli.data_folder import find_data
        from imagemill.cli.startup import read_operator_settings

        if check:
            backup.check(folder)
        else:
            settings = read_operator_settings()
            asyncio.run(backup.restore(settings, folder, find_data(data), replace=replace))


@keys.command("add", cls=PlainCommand)
def add_key(
    name: Annotated[str, typer.Argument(help="A name, such as that of the client.")],
    *,
    admin: Annotated[bool, typer.Option("--admin", help="Allow access to all jobs.")] = False,
    metrics: Annotated[
        bool, typer.Option("--metrics", help="Allow access to /metrics, and to nothing else.")
    ] = False,
    data: RunningData = None,
) -> None:
    """Create an API key and print it. It is shown only once, since only its hash is stored."""
    with exit_on_error():
        from imagemill.cli.keys import add
        from imagemill.cli.startup import prepare_database

        settings = prepare_database(data)
        asyncio.run(add(settings, name, is_admin=admin, is_metrics_only=metrics))


@keys.command("list", cls=PlainCommand)
def list_keys(*, as_json: Json = False, data: RunningData = None) -> None:
    """List all API keys, including revoked ones, without their secrets."""
    with exit_on_error():
        from imagemill.cli.keys import show
        from imagemill.cli.startup import prepare_database

        asyncio.run(show(prepare_database(data), as_json=as_json))


@keys.command("revoke", cls=PlainCommand)
def revoke_key(
    key: Annotated[str, typer.Argument(metavar="NAME-OR-ID", help="The key's name or id.")],
    *,
    data: RunningData = None,
) -> None:
    """Revoke an API key: from now on every gateway rejects it. Its jobs are kept."""
    with exit_on_error():
        from imagemill.cli.keys import revoke
        from imagemill.cli.startup import prepare_database

        asyncio.run(revoke(prepare_database(data), key))


def webhook_secret(data: RunningData = None) -> None:
    """Print the secrets that webhooks are signed with, one per line, for their receivers."""
    with exit_on_error():
        from imagemill.cli.startup import prepare_database
        from imagemill.cli.webhook_secret import read_secrets

        for secret in read_secrets(prepare_database(data)):
            typer.echo(secret)
