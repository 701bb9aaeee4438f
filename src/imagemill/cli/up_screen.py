"""The screen of `imagemill up`: where everything is, then a line for each job that ends."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Final, Self

from rich.console import Console
from rich.text import Text

from imagemill.cli.job_text import COLORS, describe_job
from imagemill.cli.startup import connect_to_data
from imagemill.embedded.stack import Stack
from imagemill.embedded.up import describe_stack
from imagemill.gateway.waiting.event_feed import EventFeed
from imagemill.jobs.changes import Changes
from imagemill.jobs.job import Job
from imagemill.postgres.pool import DatabaseUnavailable, Postgres
from imagemill.settings import Settings

POLL_SECONDS: Final = 0.5
RETRY_SECONDS: Final = 5.0


class TerminalScreen:
    """Shows the steps of the start in one line that goes, then jobs in lines that stay."""

    def __init__(self, settings: Settings, data: Path) -> None:
        self._settings = settings
        self._data = data
        # Neither wrapped nor coloured by itself: addresses are copied.
        self._console = Console(highlight=False, markup=False, soft_wrap=True)
        self._step = self._console.status("Starting …")

    def __enter__(self) -> Self:
        self._step.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._step.stop()

    def report(self, step: str) -> None:
        self._step.start()
        self._step.update(step)

    async def run(self, stack: Stack) -> None:
        self._step.stop()
        self._console.print(describe_stack(stack, self._settings.worker_concurrency))
        settings = connect_to_data(self._settings, self._data)
        while True:
            try:
                await follow_ends(settings, self.show)
            except* DatabaseUnavailable:  # it is restarted, or overloaded
                await asyncio.sleep(RETRY_SECONDS)

    def show(self, job: Job) -> None:
        """Show a job that has ended."""
        at = (job.completed_at or datetime.now().astimezone()).astimezone()
        line = Text(f"{at:%H:%M:%S}  ", style="dim")
        line.append(f"{job.status:<9}", style=f"not dim {COLORS[job.status]}")
        line.append(f"  {describe_job(job)}", style="not dim")
        line.append(f"  {job.id}")
        self._console.print(line)


async def follow_ends(settings: Settings, show: Callable[[Job], None]) -> None:
    """Show each job that ends from now on, without end.

    PostgreSQL is read, since a gateway that has API keys would ask for one. Raises a group of
    DatabaseUnavailable.
    """
    async with _feed(settings) as feed, feed.listen() as start:
        async for events in feed.events_after(start.position, None):
            for event in events:
                if event.change.ends_job:
                    show(event.change.job)


@asynccontextmanager
async def _feed(settings: Settings) -> AsyncIterator[EventFeed]:
    async with (
        Postgres.open(settings.postgres, pool_size=1) as postgres,
        asyncio.TaskGroup() as group,
    ):
        feed = EventFeed(Changes(postgres))
        tasks = [group.create_task(feed.run()), group.create_task(_poll(feed))]
        yield feed
        for task in tasks:
            task.cancel()


async def _poll(feed: EventFeed) -> None:
    while True:
        feed.request_poll()
        await asyncio.sleep(POLL_SECONDS)
