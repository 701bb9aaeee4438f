"""The command `imagemill process`."""

import asyncio

import typer

from imagemill.cli.errors import exit_on_error
from imagemill.cli.gateway_address import Key, OptionalUrl
from imagemill.process import options


@options.with_output_options
def process(  # noqa: PLR0913 - each is an option
    files: options.Files,
    *,
    out: options.Out,
    preset: options.Preset = None,
    pipeline: options.Pipeline = None,
    url: OptionalUrl = None,
    key: Key = None,
    overwrite: options.Overwrite = False,
    concurrency: options.Concurrency = None,
    quiet: options.Quiet = False,
    as_json: options.AsJson = False,
    **output: str | bool | None,
) -> None:
    with exit_on_error():
        from imagemill.process.command import ProcessCommand, run
        from imagemill.process.job_options import JobOptions
        from imagemill.settings import available_cores
        from imagemill.telemetry.logs import configure_logs

        configure_logs("warning", None)
        command = ProcessCommand(
            files=files,
            out=out,
            job_options=JobOptions.from_command_line(preset, pipeline, output),
            server=url,
            key=key,
            overwrite=overwrite,
            concurrency=concurrency or 2 * available_cores(),
        )
        raise typer.Exit(asyncio.run(run(command, quiet=quiet, as_json=as_json)))
