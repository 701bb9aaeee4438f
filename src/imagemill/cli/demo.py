"""`imagemill demo`: processes one image with the whole stack and shows each step."""

import asyncio
import os
import tempfile
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from imagemill.cli.job_text import COLORS
from imagemill.cli.program_name import program_name
from imagemill.client import AsyncClient, ClientError, Job, JobInput, JobOutput, Problem
from imagemill.embedded.ports import find_free_port
from imagemill.embedded.stack import Stack, run_stack
from imagemill.errors import ServiceError
from imagemill.formatting import escape_unprintable

HOST: Final = "127.0.0.1"
PRESET: Final = "default"
JOB_TIMEOUT_SECONDS: Final = 120
KEY_ADVICE: Final = (
    "The data folder has API keys: set IMAGEMILL_API_KEY to one of them, or name another folder"
    " with --data."
)


class DemoFailed(ServiceError):
    """The image could not be processed."""


async def run_demo(photo: Path | None, data: Path, key: str | None) -> None:
    """Process the photo, or a generated image, and show the result.

    `key` is needed if API keys were added to the data folder. Raises DemoFailed, EmbeddedError,
    OSError when the photo cannot be read.
    """
    # Neither wrapped nor coloured by itself: commands and paths are copied.
    console = Console(highlight=False, markup=False, soft_wrap=True)
    with tempfile.TemporaryDirectory() as folder:
        image = photo or await _draw_image(Path(folder) / "landscape.jpg")
        console.print(
            Text("imagemill demo", style="bold").append(
                ": starting PostgreSQL, Valkey, a gateway and a worker …", style="not bold"
            )
        )
        # The demo shows the steps itself; the services log warnings and errors only.
        quiet = {"LOG_LEVEL": os.environ.get("LOG_LEVEL", "warning")}
        async with run_stack(data, HOST, find_free_port(), quiet) as stack:
            job = await _process(console, stack.url, key, image)
            _show_result(console, stack, image, job)


async def _draw_image(path: Path) -> Path:
    from imagemill.imaging.drawing import draw_picture

    await asyncio.to_thread(draw_picture, path)
    return path


async def _process(console: Console, url: str, key: str | None, image: Path) -> Job:
    name = escape_unprintable(image.name)
    console.print(f"\n$ curl -F file=@{name} -F preset={PRESET} {url}/upload")
    # Without the environment's proxies: the gateway is local.
    async with AsyncClient(url, key, trust_env=False) as client:
        try:
            job = await client.upload(image, preset=PRESET)
        except ClientError as error:
            needs_key = isinstance(error, Problem) and error.status == HTTPStatus.UNAUTHORIZED
            advice = f" {KEY_ADVICE}" if needs_key else ""
            raise DemoFailed(f"The upload was rejected: {error}{advice}") from error
        console.print(f"202 Accepted  job {job.id}")
        console.print(f"\n$ curl {url}/jobs/{job.id}/events\n")
        return await _follow(console, client, job)


async def _follow(console: Console, client: AsyncClient, job: Job) -> Job:
    """Show each status of the job, and return the job once it has ended."""
    try:
        async with asyncio.timeout(JOB_TIMEOUT_SECONDS):
            async for event in client.events(job, last_event_id="0"):
                if event.job is None:
                    raise DemoFailed("The job was deleted before it had ended.")
                job = event.job
                line = Text(f"  {_format_time(job.updated_at)}  ")
                console.print(line.append(job.status, style=COLORS[job.status]))
    except TimeoutError:
        raise DemoFailed(f"The job has not ended after {JOB_TIMEOUT_SECONDS} s.") from None
    return job


def _format_time(at: datetime) -> str:
    return f"{at.astimezone():%H:%M:%S}.{at.microsecond // 1000:03}"


def _show_result(console: Console, stack: Stack, image: Path, job: Job) -> None:
    if job.error or not job.outputs:
        reason = f": {job.error.code}: {job.error.detail}" if job.error else "."
        raise DemoFailed(f"The job ended {job.status}{reason}")
    table = Table(box=None, padding=(0, 3, 0, 0))
    for heading in ("", "format", "pixels", "bytes"):
        table.add_column(heading, justify="right" if heading == "bytes" else "left")
    table.add_row(escape_unprintable(image.name), *_describe(job.input))
    for output in job.outputs:
        table.add_row(output.name, *_describe(output))
    console.print()
    console.print(table)
    for output in job.outputs:
        console.print(f"\nThe result: {stack.storage / output.path}")
    console.print(f"\nTo keep the stack running: {program_name()} up")


def _describe(file: JobInput | JobOutput) -> tuple[str, str, str]:
    size = f"{file.width} x {file.height}"
    return file.media_type.removeprefix("image/").upper(), size, f"{file.bytes:,}"
