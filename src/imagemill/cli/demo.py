"""`imagemill demo`: the whole stack on one picture, shown as it happens."""

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

from imagemill.embedded.ports import free_port
from imagemill.embedded.stack import Stack, run_stack
from imagemill.errors import ServiceError
from imagemill.jobs.job import ENDED

HOST: Final = "127.0.0.1"
PRESET: Final = "default"
PATIENCE_SECONDS: Final = 120
DATA: Final = "data: "
COLOURS: Final = {
    "PENDING": "yellow",
    "PROCESSING": "cyan",
    "COMPLETED": "green",
    "FAILED": "red",
    "CANCELED": "red",
}

Json = dict[str, Any]


class DemoFailed(ServiceError):
    """The picture did not come out as it should."""


async def run_demo(photo: Path | None, data: Path, key: str | None) -> None:
    """Process the photo, or a picture drawn for the purpose, and show what came of it.

    `key` is an API key, for a folder that has some. Raises DemoFailed, EmbeddedError.
    """
    console = Console()
    with tempfile.TemporaryDirectory() as folder:
        picture = photo or await _drawn(Path(folder) / "landscape.jpg")
        console.print("[bold]imagemill demo[/]: starting PostgreSQL, Valkey, gateway and worker …")
        # The demo tells the story itself; the services speak up only when something is wrong.
        quiet = {"LOG_LEVEL": os.environ.get("LOG_LEVEL", "warning")}
        async with run_stack(data, HOST, free_port(), quiet) as stack:
            headers = {"Authorization": f"Bearer {key}"} if key else None
            async with httpx.AsyncClient(base_url=stack.url, timeout=30, headers=headers) as client:
                job = await _process(console, client, picture)
            _show(console, stack, picture, job)


async def _drawn(path: Path) -> Path:
    from imagemill.imaging.drawing import draw_picture  # noqa: PLC0415 - loads libvips

    await asyncio.to_thread(draw_picture, path)
    return path


async def _process(console: Console, client: httpx.AsyncClient, picture: Path) -> Json:
    console.print(f"\n$ curl -F file=@{picture.name} -F preset={PRESET} {client.base_url}/upload")
    with picture.open("rb") as file:
        answer = await client.post(
            "/upload", files={"file": (picture.name, file)}, data={"preset": PRESET}
        )
    if answer.status_code != httpx.codes.ACCEPTED:
        raise DemoFailed(f"The upload was refused: {answer.json()['detail']}")
    job: Json = answer.json()
    console.print(f"202 Accepted  job {job['id']}")
    return await _follow(console, client, job["id"])


async def _follow(console: Console, client: httpx.AsyncClient, job_id: str) -> Json:
    """Show each status of the job as it comes, and return the job as it ended."""
    console.print(f"\n$ curl {client.base_url}/jobs/{job_id}/events\n", soft_wrap=True)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            async for job in _events(client, job_id):
                status = job["status"]
                console.print(f"  {job['updated_at'][11:23]}  [{COLOURS[status]}]{status}[/]")
                if status in ENDED:
                    return job
    except TimeoutError:
        raise DemoFailed(f"The job has not ended after {PATIENCE_SECONDS} s.") from None
    raise DemoFailed("The gateway went away before the job had ended.")


async def _events(client: httpx.AsyncClient, job_id: str) -> AsyncIterator[Json]:
    """Yield the job at each change of its status, from its first on."""
    since = {"Last-Event-ID": "0"}
    async with client.stream("GET", f"/jobs/{job_id}/events", headers=since) as stream:
        async for line in stream.aiter_lines():
            if line.startswith(DATA):
                yield dict(json.loads(line.removeprefix(DATA)))


def _show(console: Console, stack: Stack, picture: Path, job: Json) -> None:
    if job["status"] != "COMPLETED":
        error = job["error"] or {"code": job["status"], "detail": ""}
        raise DemoFailed(f"The job ended {job['status']}: {error['code']}: {error['detail']}")
    table = Table(box=None, padding=(0, 3, 0, 0))
    for heading in ("", "format", "pixels", "bytes"):
        table.add_column(heading, justify="right" if heading == "bytes" else "left")
    table.add_row(picture.name, *_facts(job["input"]))
    for output in job["outputs"]:
        table.add_row(output["name"], *_facts(output))
    console.print()
    console.print(table)
    for output in job["outputs"]:
        path = stack.storage / output["path"]
        console.print(f"\nThe result: {path}", soft_wrap=True)
    console.print("\nKeep it running with [bold]make up[/], or [bold]imagemill up[/].")


def _facts(image: Json) -> tuple[str, str, str]:
    size = f"{image['width']} x {image['height']}"
    return image["media_type"].removeprefix("image/").upper(), size, f"{image['bytes']:,}"
