"""The group of all commands: tells a script what is wrong with its options in one line.

Typer frames such an error for a terminal, over five lines. Where standard error is none, one line
names the command and says what is wrong. The exit status is 2 either way.
"""

import sys
from typing import Any

import typer

from imagemill.cli.plain_help import PlainGroup


class RootGroup(PlainGroup):
    """The group that is run as the program."""

    def main(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - as Typer declares it
        if sys.stderr.isatty() or not options.get("standalone_mode", True):
            return super().main(*arguments, **options)
        try:
            status = super().main(*arguments, **options | {"standalone_mode": False})
        except typer.TyperException as error:
            typer.echo(_describe(error), err=True)
            sys.exit(getattr(error, "exit_code", 1))
        except typer.Abort:
            sys.exit(1)
        sys.exit(status or 0)


def _describe(error: Any) -> str:  # noqa: ANN401 - the fields of Typer's errors are private
    if error.ctx is None:
        return str(error)
    command, message = error.ctx.command_path, error.format_message()
    # A group without a command has printed its help, and has nothing else to say.
    sentence = message.rstrip(".") or "Missing command"
    return f"{command}: {sentence}; see {command} --help."
