"""What authentication with an API key costs an upload, as a ratio measured in one run.

    make bench-keys                   a picture that imagemill draws
    make bench-keys PHOTO=photo.jpg   one of your own

Each request looks up its key in PostgreSQL by one statement, an upload before its body is read.
"""

import asyncio
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import httpx
from rich.console import Console
from rich.table import Table
from uuid_utils.compat import uuid7

from bench.servers import address_of_postgres
from imagemill.auth.api_key import ApiKey
from imagemill.auth.api_keys import ApiKeys
from imagemill.auth.key_loader import ApiKeyLoader
from imagemill.embedded.ports import find_free_port
from imagemill.embedded.stack import Stack, run_stack
from imagemill.imaging.drawing import draw_picture
from imagemill.jobs.job import KeyId
from imagemill.postgres.pool import Postgres
from imagemill.telemetry.logs import configure_logs

TIMES: Final = 300
WARM_UP: Final = 40


async def median_milliseconds(act: Callable[[], Awaitable[object]]) -> float:
    """Return the median duration of sequential calls."""
    durations = []
    for _ in range(WARM_UP + TIMES):
        started = time.perf_counter()
        await act()
        durations.append(time.perf_counter() - started)
    return statistics.median(durations[WARM_UP:]) * 1000


async def measure(stack: Stack, photo: Path) -> tuple[float, float]:
    """Return the milliseconds of an upload with a key, and of the lookup of a key alone."""
    address = address_of_postgres(stack.postgres)
    content = photo.read_bytes()
    async with (
        Postgres.open(address, pool_size=2) as postgres,
        httpx.AsyncClient(base_url=stack.url, timeout=60) as client,
    ):
        keys, key = ApiKeys(postgres), ApiKey.generate(KeyId(uuid7()), secrets.choice)
        await keys.add(key, "bench", is_admin=False)
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "image/jpeg"}

        async def upload() -> None:
            answer = await client.post("/upload", content=content, headers=headers)
            answer.raise_for_status()

        lookup = await median_milliseconds(lambda: ApiKeyLoader(keys).look_up(key.id))
        return await median_milliseconds(upload), lookup


def print_table(photo: Path, upload: float, lookup: float) -> None:
    table = Table(title=f"uploads of {photo.name} ({photo.stat().st_size:,} bytes)")
    for heading in ("", "ms", "of an upload"):
        table.add_column(heading, justify="right")
    table.add_row("an upload with a key", f"{upload:.2f}", "1.00")
    table.add_row("the lookup of the key", f"{lookup:.2f}", f"{lookup / upload:.2f}")
    Console().print(table)


async def main(photo: Path | None) -> None:
    configure_logs("warning", None)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if photo is None:
            photo = folder / "landscape.jpg"
            draw_picture(photo)
        async with run_stack(
            folder / "data", "127.0.0.1", find_free_port(), {"LOG_LEVEL": "warning"}
        ) as stack:
            upload, lookup = await measure(stack, photo)
            print_table(photo, upload, lookup)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]) if sys.argv[1:] else None))
