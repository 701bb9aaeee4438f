"""`imagemill demo`: the whole stack on one picture, shown as it happens."""

import asyncio
import os
import tempfile
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
POLL_SECONDS: Final = 0.02
PATIENCE_SECONDS: Final = 120
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


async def run_demo(photo: Path | None, data: Path) -> None:
    """Process the photo, or a picture drawn for the purpose, and show what came of it.

    Raises DemoFailed, EmbeddedError.
    """
    console = Console()
    with tempfile.TemporaryDirectory() as folder:
        picture = photo or await _drawn(Path(folder) / "landscape.jpg")
        console.print("[bold]imagemill demo[/]: starting PostgreSQL, Valkey, gateway and worker …")
        # The demo tells the story itself; the services speak up only when something is wrong.
        quiet = {"LOG_LEVEL": os.environ.get("LOG_LEVEL", "warning")}
        async with run_stack(data, HOST, free_port(), quiet) as stack:
            async with httpx.AsyncClient(base_url=stack.url, timeout=30) as client:
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
    console.print(f"202 Accepted  job {job['id']}\n")
    return await _follow(console, client, job)


async def _follow(console: Console, client: httpx.AsyncClient, job: Json) -> Json:
    """Show each status of the job once, in the order of its history, until it has ended."""
    shown = 0
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            history = (await client.get(f"/jobs/{job['id']}/history")).json()["events"]
            for event in history[shown:]:
                status = event["status"]
                console.print(f"  {event['at'][11:23]}  [{COLOURS[status]}]{status}[/]")
            shown = len(history)
            if history[-1]["status"] in ENDED:
                return dict((await client.get(f"/jobs/{job['id']}")).json())
            await asyncio.sleep(POLL_SECONDS)


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
