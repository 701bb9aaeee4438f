"""The command `imagemill`."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from imagemill.cli.startup import prepare_ledger
from imagemill.errors import ServiceError
from imagemill.imaging.spec.presets import PresetsError
from imagemill.postgres.migrate import migrate as migrate_ledger
from imagemill.process import options
from imagemill.process.errors import UsageError
from imagemill.process.job_options import JobOptions
from imagemill.process.options import with_output_options
from imagemill.settings import Settings, available_cores, read_settings
from imagemill.settings.values import SettingsError
from imagemill.telemetry.logs import configure_logs

app = typer.Typer(
    help="Durable image jobs over HTTP: upload a picture, get it processed, lose nothing.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

keys = typer.Typer(
    help="API keys: who is let in. As soon as there is one, every request needs one.",
    no_args_is_help=True,
)
app.add_typer(keys, name="keys")

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")]
Data = Annotated[Path, typer.Option(file_okay=False, help="Folder that keeps everything.")]

RunningData = Annotated[
    Path | None, typer.Option(file_okay=False, help="Folder of an `imagemill up` that runs.")
]

DEFAULT_DATA = Path(".imagemill")
# Modules that only an extra brings, and which.
EXTRAS = {"psutil": "embedded"}
# As Typer itself ends when an option is wrong.
MISUSED = 2


@app.command()
def up(host: Host = "127.0.0.1", port: Port = 8000, data: Data = DEFAULT_DATA) -> None:
    """Run everything on this machine: PostgreSQL, Valkey, gateway and worker."""
    with _one_sentence():
        settings = read_settings()
        configure_logs(settings.log_level, settings.log_format)
        from imagemill.embedded.up import up as run  # noqa: PLC0415 - an optional extra

        raise typer.Exit(asyncio.run(run(data, host, port)))


@app.command()
def demo(
    photo: Annotated[
        Path | None, typer.Argument(exists=True, dir_okay=False, help="A picture of your own.")
    ] = None,
    data: Data = DEFAULT_DATA,
    key: options.Key = None,
) -> None:
    """Start the whole stack, process a picture, show the result, and stop."""
    with _one_sentence():
        configure_logs("warning", None)
        from imagemill.cli.demo import run_demo  # noqa: PLC0415 - an optional extra

        asyncio.run(run_demo(photo, data, key))


@app.command()
def api(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Run the API-Gateway against the servers that the environment names."""
    with _one_sentence(wrong_setting=os.EX_CONFIG):
        settings = _prepare()
        from imagemill.gateway.service import run_gateway  # noqa: PLC0415 - others need no HTTP

        uvloop.run(run_gateway(settings, host, port))


@app.command()
def worker(
    concurrency: Annotated[
        int | None,
        typer.Option(min=1, max=1024, help="Pictures at once; default: the cores it may use."),
    ] = None,
) -> None:
    """Run a Worker-Service against the servers that the environment names."""
    with _one_sentence():
        settings = _prepare()
        if concurrency is not None:
            settings = settings.model_copy(update={"worker_concurrency": concurrency})
        from imagemill.worker.service import run_worker  # noqa: PLC0415 - others do no work

        asyncio.run(run_worker(settings))


@app.command(help=options.HELP)
@with_output_options
def process(  # noqa: PLR0913 - each is an option
    files: options.Files,
    *,
    out: options.Out,
    preset: options.Preset = None,
    pipeline: options.Pipeline = None,
    server: options.Server = None,
    key: options.Key = None,
    overwrite: options.Overwrite = False,
    concurrency: options.Concurrency = None,
    quiet: options.Quiet = False,
    as_json: options.AsJson = False,
    **output: str | bool | None,
) -> None:
    with _one_sentence():
        configure_logs("warning", None)
        from imagemill.process.command import ProcessCommand, run  # noqa: PLC0415 - others send nothing

        command = ProcessCommand(
            files=files,
            out=out,
            job_options=JobOptions.from_command_line(preset, pipeline, output),
            server=server,
            key=key,
            overwrite=overwrite,
            concurrency=concurrency or 2 * available_cores(),
        )
        raise typer.Exit(asyncio.run(run(command, quiet=quiet, as_json=as_json)))


@app.command()
def migrate() -> None:
    """Bring the schema of PostgreSQL to this version's. The services do it too, at start."""
    with _one_sentence():
        _prepare()


@app.command()
def doctor(
    *,
    fix: Annotated[bool, typer.Option("--fix", help="Mend what is safe to mend.")] = False,
    deep: Annotated[bool, typer.Option("--deep", help="Read every byte of every file.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
    data: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="Folder of an `imagemill up`, to examine that one."),
    ] = None,
) -> None:
    """Say what differs between ledger, line and storage, and what to do about it.

    Ends with 0 when all is well, 1 when there is something to mend, 2 when it cannot be checked.
    """
    with _one_sentence(status=2):
        settings = read_settings()
        configure_logs("error", settings.log_format)
        if data is not None:
            from imagemill.embedded.connection_info import whereabouts  # noqa: PLC0415 - an extra

            settings = settings.model_copy(update=whereabouts(data))
        from imagemill.doctor.command import run  # noqa: PLC0415 - the services need none

        raise typer.Exit(asyncio.run(run(settings, fix=fix, deep=deep, as_json=as_json)))


@keys.command("add")
def add_key(
    name: Annotated[str, typer.Argument(help="What to call it, such as whom it is for.")],
    *,
    admin: Annotated[bool, typer.Option("--admin", help="Let it see the jobs of all.")] = False,
    data: RunningData = None,
) -> None:
    """Make an API key and print it, this once: only what recognises it is kept."""
    with _one_sentence():
        settings = _prepare_schema(data)
        from imagemill.cli.keys import add  # noqa: PLC0415 - the services make none

        asyncio.run(add(settings, name, is_admin=admin))


@keys.command("list")
def list_keys(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
    data: RunningData = None,
) -> None:
    """Show every API key, also the revoked ones, and never a secret."""
    with _one_sentence():
        settings = _prepare_schema(data)
        from imagemill.cli.keys import show  # noqa: PLC0415 - the services show none

        asyncio.run(show(settings, as_json=as_json))


@keys.command("revoke")
def revoke_key(
    key: Annotated[str, typer.Argument(metavar="NAME-OR-ID", help="Which one.")],
    *,
    data: RunningData = None,
) -> None:
    """Let an API key be refused from now on, by every gateway. Its jobs stay."""
    with _one_sentence():
        settings = _prepare_schema(data)
        from imagemill.cli.keys import revoke  # noqa: PLC0415 - the services revoke none

        asyncio.run(revoke(settings, key))


@app.command()
def webhook_secret(data: RunningData = None) -> None:
    """Print what webhooks are signed with, for those who are to verify them."""
    with _one_sentence():
        settings = _prepare_schema(data)
        from imagemill.cli.webhook_secret import read_secrets  # noqa: PLC0415 - others sign nothing

        for secret in read_secrets(settings):
            typer.echo(secret)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - Typer's callback
    if wanted:
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


def _prepare() -> Settings:
    settings = read_settings()
    configure_logs(settings.log_level, settings.log_format)
    prepare_ledger(settings)
    return settings


def _prepare_schema(data: Path | None) -> Settings:
    """Return the settings once the ledger can keep keys, also before any service was started."""
    settings = read_settings()
    configure_logs(settings.log_level, settings.log_format)
    if data is not None:
        from imagemill.embedded.connection_info import whereabouts  # noqa: PLC0415 - an extra

        settings = settings.model_copy(update=whereabouts(data))
    migrate_ledger(settings.postgres)  # once: a person waits, and not for a server that starts
    return settings


@contextmanager
def _one_sentence(status: int = 1, *, wrong_setting: int | None = None) -> Iterator[None]:
    """End with a sentence on standard error, and no traceback, for what was foreseen.

    `wrong_setting` is the status for what no further start mends; else it is that of all.
    """
    try:
        yield
    except UsageError as error:
        for sentence in error.sentences:
            typer.echo(f"imagemill: {sentence}", err=True)
        raise typer.Exit(MISUSED) from None
    except SettingsError as error:
        typer.echo(f"imagemill: {error}", err=True)
        raise typer.Exit(wrong_setting or status) from None
    except (ServiceError, PresetsError) as error:
        typer.echo(f"imagemill: {error}", err=True)
        raise typer.Exit(status) from None
    except ModuleNotFoundError as error:
        if error.name not in EXTRAS:
            raise
        extra = EXTRAS[error.name]
        typer.echo(f"imagemill: this needs pip install 'imagemill[{extra}]'.", err=True)
        raise typer.Exit(1) from None
