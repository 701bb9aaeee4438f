"""What the service costs beside bare libvips: CPU time a picture, as a ratio taken in one run.

    make bench                        a picture that imagemill draws
    make bench PHOTO=photo.jpg        one of your own

The task is that of the benchmark of the sharp library: to 720x588, JPEG of quality 80. "Bare" is
one process that does nothing but call libvips, one thread. The service is the whole stack: upload
over HTTP, gateway, PostgreSQL, Valkey, worker, image processes.
"""

import asyncio
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pyvips
from rich.console import Console
from rich.table import Table

from imagemill.embedded.ports import find_free_port
from imagemill.embedded.stack import Stack, run_stack
from imagemill.imaging.drawing import draw_picture
from imagemill.telemetry.logs import configure_logs

PICTURES = 300
WARM_UP = 40
UPLOADS_AT_ONCE = 8
WIDTH, HEIGHT, QUALITY = 720, 588, 80
FIELDS = {"width": str(WIDTH), "height": str(HEIGHT), "format": "jpeg", "quality": str(QUALITY)}

os.environ["VIPS_CONCURRENCY"] = "1"


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU time and wall time a picture, in milliseconds."""

    cpu: float
    wall: float


def bare(photo: Path, folder: Path) -> Cost:
    """Let this process make the picture, again and again."""
    pyvips.cache_set_max(0)
    output = str(folder / "bare.jpg")

    def make() -> None:
        image = pyvips.Image.thumbnail(str(photo), WIDTH, height=HEIGHT)
        image.jpegsave(output, Q=QUALITY, keep=0)

    for _ in range(WARM_UP):
        make()
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(PICTURES):
        make()
    return Cost(per_picture(time.process_time() - cpu), per_picture(time.perf_counter() - wall))


async def service(photo: Path, stack: Stack) -> tuple[Cost, dict[str, float]]:
    """Let the stack make the picture as often; return what that cost, in all and by process."""
    parts = {
        "gateway": stack.api.pid,
        "worker and its children": stack.worker.pid,
        "PostgreSQL": stack.postgres.pid,
        "Valkey": stack.valkey.pid,
    }
    async with httpx.AsyncClient(base_url=stack.url, timeout=60) as client:
        await upload_and_wait(client, photo, WARM_UP)
        before = {name: cpu_seconds(pid) for name, pid in parts.items()}
        started = time.perf_counter()
        await upload_and_wait(client, photo, PICTURES)
        wall = time.perf_counter() - started
        by_part = {
            name: per_picture(cpu_seconds(pid) - before[name]) for name, pid in parts.items()
        }
    return Cost(sum(by_part.values()), per_picture(wall)), by_part


async def upload_and_wait(client: httpx.AsyncClient, photo: Path, count: int) -> None:
    content = photo.read_bytes()
    turns = asyncio.Semaphore(UPLOADS_AT_ONCE)

    async def send() -> None:
        async with turns:
            answer = await client.post(
                "/upload", params=FIELDS, content=content, headers={"Content-Type": "image/jpeg"}
            )
            answer.raise_for_status()

    await asyncio.gather(*(send() for _ in range(count)))
    waiting = {"status": ["PENDING", "PROCESSING", "FAILED"], "limit": "1"}
    while (await client.get("/jobs", params=waiting)).json()["jobs"]:
        await asyncio.sleep(0.05)


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process and all below it, the dead ones it waited for included."""
    process = psutil.Process(pid)
    return sum(
        sum(one.cpu_times()[:4]) if one.pid == pid else sum(one.cpu_times()[:2])
        for one in [process, *process.children(recursive=True)]
    )


def per_picture(seconds: float) -> float:
    return seconds * 1000 / PICTURES


async def main(photo: Path | None) -> None:
    configure_logs("error", None)
    console = Console()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if photo is None:
            photo = folder / "landscape.jpg"
            draw_picture(photo)
        alone = bare(photo, folder)
        quiet = {"LOG_LEVEL": "error"}
        async with run_stack(folder / "data", "127.0.0.1", find_free_port(), quiet) as stack:
            whole, by_part = await service(photo, stack)
    table = Table(title=f"{PICTURES} times {photo.name} to {WIDTH}x{HEIGHT} JPEG")
    for heading in ("", "CPU ms a picture", "beside bare libvips"):
        table.add_column(heading, justify="right" if heading else "left")
    table.add_row("bare libvips, one thread", f"{alone.cpu:.2f}", "1.00")
    for part, cost in by_part.items():
        table.add_row(part, f"{cost:.2f}", f"{cost / alone.cpu:.2f}")
    table.add_row("the service in all", f"{whole.cpu:.2f}", f"{whole.cpu / alone.cpu:.2f}")
    console.print(table)
    console.print(
        f"Wall clock: {1000 / alone.wall:.1f} pictures/s bare on one core, "
        f"{1000 / whole.wall:.1f} through the service on {os.cpu_count()}, client included."
    )


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]) if len(sys.argv) > 1 else None))
