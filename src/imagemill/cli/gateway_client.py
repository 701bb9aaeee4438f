"""The client of a command that uses a gateway, and the exit statuses of its errors."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Final

import typer

from imagemill.cli.errors import exit_on_error, print_error
from imagemill.client import Client, ClientError, Problem, ServerUnreachable, UnexpectedResponse
from imagemill.process.server import ServerAddress

# No gateway answers at the address, or it cannot answer now.
UNREACHABLE: Final = 3
ADVICE: Final = "Is `imagemill up` running? Another gateway is named by --url or IMAGEMILL_URL."
KEY_ADVICE: Final = "Here it is given with --key or IMAGEMILL_API_KEY."


@contextmanager
def use_gateway(url: str, key: str | None, max_tries: int = 1) -> Iterator[Client]:
    """Yield a client of the gateway; exit with a message if one of its requests fails.

    Exit status: 1 if the gateway refuses, 2 if the address or the key is none, else UNREACHABLE.
    Usually nothing is retried: a person would wait, and a mistyped address is reported at once.
    """
    with exit_on_error():
        address = ServerAddress.parse(url, key)
        try:
            with Client(address.url, address.key, max_tries=max_tries) as client:
                yield client
        except ClientError as error:
            if isinstance(error, Problem) and error.status == HTTPStatus.UNAUTHORIZED:
                print_error(f"{error} {KEY_ADVICE}")
                raise typer.Exit(1) from None
            if not (error.is_transient or isinstance(error, UnexpectedResponse)):
                raise
            print_error(f"{error} {ADVICE}" if isinstance(error, ServerUnreachable) else error)
            raise typer.Exit(UNREACHABLE) from None
