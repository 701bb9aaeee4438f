"""The Typer application: all commands and their order in the help."""

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
app.command(cls=PlainCommand)(service_commands.up)
app.command(cls=PlainCommand)(service_commands.demo)
app.command(cls=PlainCommand)(service_commands.sample)
app.command(cls=PlainCommand)(service_commands.api)
app.command(cls=PlainCommand)(service_commands.worker)
app.command("process", cls=DeferredProcess, help=PROCESS_HELP)(stand_in)
app.add_typer(jobs_commands.jobs, name="jobs")
app.command(cls=PlainCommand)(jobs_commands.status)
app.command(cls=PlainCommand)(operator_commands.migrate)
app.command(cls=PlainCommand)(operator_commands.doctor)
app.command(cls=PlainCommand)(operator_commands.explain)
app.command(cls=PlainCommand)(operator_commands.backup)
app.command(cls=PlainCommand)(operator_commands.restore)
app.add_typer(operator_commands.keys, name="keys")
app.command(cls=PlainCommand)(operator_commands.webhook_secret)


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
