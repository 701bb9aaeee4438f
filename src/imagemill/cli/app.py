"""The Typer application: all commands and their order in the help."""

from collections.abc import Callable
from typing import Annotated

import typer

from imagemill.cli import jobs_commands, operator_commands, service_commands
from imagemill.cli.deferred_process import HELP as PROCESS_HELP
from imagemill.cli.deferred_process import DeferredProcess, stand_in
from imagemill.cli.plain_help import PlainCommand
from imagemill.cli.root_group import RootGroup

app = typer.Typer(
    cls=RootGroup,
    help="Durable image jobs over HTTP: upload an image, have it processed, lose nothing.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

LOCAL, JOBS, SERVICES, OPERATE = "On this machine", "Pictures and jobs", "Services", "Operators"


def _add(panel: str, *commands: Callable[..., None]) -> None:
    for command in commands:
        app.command(cls=PlainCommand, rich_help_panel=panel)(command)


_add(LOCAL, service_commands.up, service_commands.demo, service_commands.sample)
app.command("process", cls=DeferredProcess, help=PROCESS_HELP, rich_help_panel=JOBS)(stand_in)
app.add_typer(jobs_commands.jobs, name="jobs", rich_help_panel=JOBS)
_add(JOBS, jobs_commands.status)
_add(SERVICES, service_commands.api, service_commands.worker, operator_commands.migrate)
_add(OPERATE, operator_commands.doctor, operator_commands.explain)
_add(OPERATE, operator_commands.backup, operator_commands.restore)
_add(OPERATE, operator_commands.webhook_secret)
app.add_typer(operator_commands.keys, name="keys", rich_help_panel=OPERATE)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - Typer's callback
    if wanted:
        from importlib.metadata import version

        typer.echo(f"imagemill {version('imagemill')}")
        raise typer.Exit


@app.callback()
def main(
    *,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass
