"""Foreseen errors as messages on standard error and exit statuses, without a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import typer

from imagemill.errors import ServiceError, SettingsError
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
            typer.echo(f"imagemill: {sentence}", err=True)
        raise typer.Exit(USAGE_ERROR) from None
    except SettingsError as error:
        typer.echo(f"imagemill: {error}", err=True)
        raise typer.Exit(settings_status or status) from None
    except ServiceError as error:
        typer.echo(f"imagemill: {error}", err=True)
        raise typer.Exit(status) from None
    except ModuleNotFoundError as error:
        if error.name not in EXTRAS:
            raise
        extra = EXTRAS[error.name]
        typer.echo(f"imagemill: this needs pip install 'imagemill[{extra}]'.", err=True)
        raise typer.Exit(1) from None
