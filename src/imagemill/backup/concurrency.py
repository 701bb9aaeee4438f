"""Several tasks that share one queue of work."""

import asyncio
from collections.abc import Awaitable, Callable


async def run_tasks(work: Callable[[], Awaitable[None]], count: int) -> None:
    """Run the function in so many tasks; raise the first error, after the others have ended."""
    tasks = [asyncio.ensure_future(work()) for _ in range(count)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
