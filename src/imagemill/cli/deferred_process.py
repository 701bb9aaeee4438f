"""`imagemill process` with options that are made when it is run, or asked for its help.

They follow the model of an output, which takes longer to import than the rest of the command line:
no other command waits for it.
"""

from typing import Any, Final

import typer

from imagemill.cli.plain_help import PlainCommand

# One line per paragraph: Typer folds them to the width of the terminal.
HELP: Final = """Process image files and folders of them.

The outputs are described by a preset, a pipeline, or the fields of a single output. Without any \
of these the preset `default` is used.

Outputs are named after their inputs and are written to the same sub-folders of --out: cat.webp \
for a single output named `image`, otherwise cat-NAME.webp. Where cat.jpg and cat.png would both \
become cat.webp, they become cat.jpg.webp and cat.png.webp. A file whose outputs all exist is \
skipped, so an interrupted run can be resumed.

Without --url, PostgreSQL, Valkey, a gateway and a worker are started for this run only. With \
--url, the jobs remain on the server.

Exit status: 0; 1 if a file failed or the server cannot be reached; 2 if the options are wrong; \
130 after Ctrl-C.
"""


class DeferredProcess(PlainCommand):
    """The command with its name and help only; a context of it is one of the whole command."""

    def make_context(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - Typer's types are private
        from imagemill.cli.process_command import process

        whole = typer.Typer(add_completion=False)
        whole.command(cls=PlainCommand, help=HELP)(process)
        return typer.main.get_command(whole).make_context(*arguments, **options)


def stand_in() -> None:
    """Give Typer a function to register; it is never called."""
