"""Foreseen errors as messages on standard error and exit statuses, without a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import typer

from imagemill.errors import ServiceError, SettingsError
from imagemill.extras import install_command
from imagemill.formatting import escape_unprintable
from imagemill.process.errors import UsageError

# Modules that only an extra installs, and the name of the extra.
EXTRAS: Final = {"psutil": "embedded"}
# The status of Typer itself when an option is wrong.
USAGE_ERROR: Final = 2


@contextmanager
def exit_on_error(status: int = 1, *, settings_status: int | None = None) -> Iterator[None]:
    """Exit with the status after an error that was foreseen, and print its message.

    `settings_status` is the status for a wrong setting, which a restart does not correct; by
    default it is `status` as well.
    """
    try:
        yield
    except UsageError as error:
        for sentence in error.sentences:
            print_error(sentence)
        raise typer.Exit(USAGE_ERROR) from None
    except SettingsError as error:
        print_error(error)
        raise typer.Exit(settings_status or status) from None
    except ServiceError as error:
        print_error(error)
        raise typer.Exit(status) from None
    except ModuleNotFoundError as error:
        if error.name not in EXTRAS:
            raise
        command = install_command(EXTRAS[error.name])
        print_error(f"PostgreSQL and Valkey are not installed; install them with: {command}")
        raise typer.Exit(1) from None


def print_error(error: object) -> None:
    """Print the message on standard error; what it quotes of others does not control a terminal."""
    lines = map(escape_unprintable, str(error).splitlines())
    typer.echo("imagemill: " + "\n".join(lines), err=True)
