"""Commands that run services, or try them out: `up`, `demo`, `sample`, `api` and `worker`.

Each imports what it runs when it is called, so that no service loads the libraries of another.
"""

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from imagemill.cli.data_folder import DEFAULT_DATA
from imagemill.cli.errors import exit_on_error
from imagemill.cli.gateway_address import Key
from imagemill.cli.unused_modules import without_unused_modules

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")]
Data = Annotated[
    Path, typer.Option(file_okay=False, help="Folder for the databases and all files.")
]


def up(host: Host = "127.0.0.1", port: Port = 8000, data: Data = DEFAULT_DATA) -> None:
    """Run the whole stack on this machine: PostgreSQL, Valkey, a gateway and a worker."""
    with exit_on_error():
        from imagemill.cli.up import run
        from imagemill.settings import read_settings
        from imagemill.telemetry.logs import configure_logs

        settings = read_settings()
        configure_logs(settings.log_level, settings.log_format)
        raise typer.Exit(asyncio.run(run(settings, data, host, port)))


def demo(
    photo: Annotated[
        Path | None,
        typer.Argument(
            exists=True, dir_okay=False, help="An image file; default: a generated one."
        ),
    ] = None,
    data: Data = DEFAULT_DATA,
    key: Key = None,
) -> None:
    """Start the whole stack, process one image, show the result, and stop."""
    with exit_on_error():
        from imagemill.cli.demo import run_demo
        from imagemill.telemetry.logs import configure_logs

        configure_logs("warning", None)
        asyncio.run(run_demo(photo, data, key))


def sample() -> None:
    """Write a sample picture to standard output, for `imagemill sample > cat.jpg`."""
    with exit_on_error(status=2):
        from imagemill.cli.sample import write_sample

        write_sample()


def api(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Run the API-Gateway; the environment names PostgreSQL, Redis and the storage."""
    with exit_on_error(settings_status=os.EX_CONFIG):
        import uvloop

        with without_unused_modules():
            from imagemill.cli.startup import prepare_service
            from imagemill.gateway.service import run_gateway

        uvloop.run(run_gateway(prepare_service(), host, port))


def worker(
    concurrency: Annotated[
        int | None,
        typer.Option(
            min=1, max=1024, help="Images processed at once; default: the available cores."
        ),
    ] = None,
) -> None:
    """Run a Worker-Service; the environment names PostgreSQL, Redis and the storage."""
    with exit_on_error():
        import uvloop

        with without_unused_modules():
            from imagemill.cli.startup import prepare_service
            from imagemill.worker.service import run_worker

        settings = prepare_service()
        if concurrency is not None:
            settings = settings.model_copy(update={"worker_concurrency": concurrency})
        uvloop.run(run_worker(settings))
