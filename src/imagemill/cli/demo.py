"""`imagemill demo`: processes one image with the whole stack and shows each step."""

import asyncio
import json
import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import httpx
from rich.console import Console
from rich.table import Table

from imagemill.cli.program_name import program_name
from imagemill.embedded.ports import find_free_port
from imagemill.embedded.stack import Stack, run_stack
from imagemill.errors import ServiceError
from imagemill.jobs.job import ENDED

HOST: Final = "127.0.0.1"
PRESET: Final = "default"
JOB_TIMEOUT_SECONDS: Final = 120
EVENT_DATA: Final = "data: "
COLORS: Final = {
    "PENDING": "yellow",
    "PROCESSING": "cyan",
    "COMPLETED": "green",
    "FAILED": "red",
    "CANCELED": "red",
}

Json = dict[str, Any]


class DemoFailed(ServiceError):
    """The image could not be processed."""


async def run_demo(photo: Path | None, data: Path, key: str | None) -> None:
    """Process the photo, or a generated image, and show the result.

    `key` is needed if API keys were added to the data folder. Raises DemoFailed, EmbeddedError.
    """
    console = Console()
    with tempfile.TemporaryDirectory() as folder:
        image = photo or await _draw_image(Path(folder) / "landscape.jpg")
        console.print(
            "[bold]imagemill demo[/]: starting PostgreSQL, Valkey, a gateway and a worker …"
        )
        # The demo shows the steps itself; the services log warnings and errors only.
        quiet = {"LOG_LEVEL": os.environ.get("LOG_LEVEL", "warning")}
        async with run_stack(data, HOST, find_free_port(), quiet) as stack:
            headers = {"Authorization": f"Bearer {key}"} if key else None
            async with httpx.AsyncClient(base_url=stack.url, timeout=30, headers=headers) as client:
                job = await _process(console, client, image)
            _show_result(console, stack, image, job)


async def _draw_image(path: Path) -> Path:
    from imagemill.imaging.drawing import draw_picture

    await asyncio.to_thread(draw_picture, path)
    return path


async def _process(console: Console, client: httpx.AsyncClient, image: Path) -> Json:
    console.print(f"\n$ curl -F file=@{image.name} -F preset={PRESET} {client.base_url}/upload")
    with image.open("rb") as file:
        response = await client.post(
            "/upload", files={"file": (image.name, file)}, data={"preset": PRESET}
        )
    if response.status_code != httpx.codes.ACCEPTED:
        raise DemoFailed(f"The upload was rejected: {response.json()['detail']}")
    job: Json = response.json()
    console.print(f"202 Accepted  job {job['id']}")
    return await _follow(console, client, job["id"])


async def _follow(console: Console, client: httpx.AsyncClient, job_id: str) -> Json:
    """Show each status of the job, and return the job once it has ended."""
    console.print(f"\n$ curl {client.base_url}/jobs/{job_id}/events\n", soft_wrap=True)
    try:
        async with asyncio.timeout(JOB_TIMEOUT_SECONDS):
            async for job in _events(client, job_id):
                status = job["status"]
                console.print(f"  {job['updated_at'][11:23]}  [{COLORS[status]}]{status}[/]")
                if status in ENDED:
                    return job
    except TimeoutError:
        raise DemoFailed(f"The job has not ended after {JOB_TIMEOUT_SECONDS} s.") from None
    raise DemoFailed("The connection to the gateway was lost before the job had ended.")


async def _events(client: httpx.AsyncClient, job_id: str) -> AsyncIterator[Json]:
    """Yield the job at each change of its status, from the first one on."""
    since = {"Last-Event-ID": "0"}
    async with client.stream("GET", f"/jobs/{job_id}/events", headers=since) as stream:
        async for line in stream.aiter_lines():
            if line.startswith(EVENT_DATA):
                yield dict(json.loads(line.removeprefix(EVENT_DATA)))


def _show_result(console: Console, stack: Stack, image: Path, job: Json) -> None:
    if job["status"] != "COMPLETED":
        error = job["error"] or {"code": job["status"], "detail": ""}
        raise DemoFailed(f"The job ended {job['status']}: {error['code']}: {error['detail']}")
    table = Table(box=None, padding=(0, 3, 0, 0))
    for heading in ("", "format", "pixels", "bytes"):
        table.add_column(heading, justify="right" if heading == "bytes" else "left")
    table.add_row(image.name, *_describe(job["input"]))
    for output in job["outputs"]:
        table.add_row(output["name"], *_describe(output))
    console.print()
    console.print(table)
    for output in job["outputs"]:
        path = stack.storage / output["path"]
        console.print(f"\nThe result: {path}", soft_wrap=True)
    console.print(f"\nTo keep the stack running: [bold]{program_name()} up[/]", soft_wrap=True)


def _describe(file: Json) -> tuple[str, str, str]:
    size = f"{file['width']} x {file['height']}"
    return file["media_type"].removeprefix("image/").upper(), size, f"{file['bytes']:,}"
