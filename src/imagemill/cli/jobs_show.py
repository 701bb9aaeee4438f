"""The command `imagemill jobs show`: a job with its files, its history, and what it waits for."""

from collections.abc import Iterator
from datetime import datetime

import httpx
from rich.console import Console
from rich.text import Text

from imagemill.cli.job_text import COLORS
from imagemill.client import Client, HistoryEvent, Job
from imagemill.formatting import escape_unprintable, format_json, format_size

LABEL_WIDTH = 10


def print_job(client: Client, job_id: object, url: str) -> None:
    """Print the job. Raises ClientError."""
    job = client.job(str(job_id))
    console = Console(highlight=False, markup=False, soft_wrap=True)
    console.print(Text(f"{job.id}  ").append(job.status, style=COLORS[job.status]))
    for label, text in _describe(job, url):
        console.print(f"  {label:<{LABEL_WIDTH}}{escape_unprintable(text)}")
    for event in client.history(job):
        console.print(_format_event(event))
    if not job.has_ended:
        console.print(escape_unprintable(client.explain(job).summary))


def _describe(job: Job, url: str) -> Iterator[tuple[str, str]]:
    yield "input", "  ".join([job.input.filename or "-", *_describe_file(job.input)])
    for output in job.outputs:
        address = str(httpx.URL(url).join(output.url))
        yield "output", "  ".join([output.name, *_describe_file(output), address])
    if job.error:
        yield "error", f"{job.error.code}: {job.error.detail}"
    if job.metadata:
        yield "metadata", format_json(job.metadata)
    yield "attempts", f"{job.attempts} of {job.max_attempts}"
    yield "priority", job.priority


def _describe_file(file: object) -> list[str]:
    width, height = getattr(file, "width", None), getattr(file, "height", None)
    pixels = [f"{width}x{height}"] if width else []
    return [getattr(file, "media_type", ""), *pixels, format_size(getattr(file, "bytes", 0))]


def _format_event(event: HistoryEvent) -> Text:
    line = Text(f"  {_format_time(event.at)}  ", style="dim")
    line.append(event.status, style=f"not dim {COLORS[event.status]}")
    if event.attempt:
        line.append(f"  attempt {event.attempt}", style="not dim")
    if event.error:
        error = escape_unprintable(f"{event.error.code}: {event.error.detail}")
        line.append(f"  {error}", style="not dim")
    return line


def _format_time(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03}"
