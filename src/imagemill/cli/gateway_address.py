"""Options that say where a gateway is, and with which API key: the same for every command."""

from typing import Annotated, Final

import typer

# Where `imagemill up` listens unless it is told otherwise. That of the client, whose import would
# take longer than the help.
DEFAULT_URL: Final = "http://127.0.0.1:8000"

Url = Annotated[
    str, typer.Option("--url", envvar="IMAGEMILL_URL", metavar="URL", help="The gateway.")
]
OptionalUrl = Annotated[
    str | None,
    typer.Option(
        "--url",
        "--server",  # its name before other commands had one
        envvar="IMAGEMILL_URL",
        metavar="URL",
        help="A running gateway; default: start one for this run.",
    ),
]
Key = Annotated[
    str | None,
    typer.Option(
        "--key", envvar="IMAGEMILL_API_KEY", metavar="KEY", help="API key for the gateway."
    ),
]
