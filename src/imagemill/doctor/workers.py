"""Check of the workers: whether any runs, and whether one was lost."""

from collections.abc import Iterable
from typing import Final

from imagemill.doctor.context import DoctorContext
from imagemill.doctor.findings import Finding, bad, ok, warn
from imagemill.formatting import format_duration, pluralize
from imagemill.jobs.worker_registry import KnownWorker, live_ones

START_ONE: Final = "Start a worker: jobs are accepted, and nobody processes them."
READ_LOGS: Final = (
    "What ended them, do their logs say it? Their jobs have been given to others; this finding"
    " stays for an hour."
)


async def check(context: DoctorContext) -> list[Finding]:
    """Report the live workers, and those that vanished within the last hour."""
    return [check_workers(await context.workers.list())]


def check_workers(workers: tuple[KnownWorker, ...]) -> Finding:
    live = live_ones(workers)
    lost = [worker for worker in workers if not worker.is_live]
    facts = {"live": len(live), "lost": [str(worker.facts.id) for worker in lost]}
    if not live:
        return bad("workers", f"No worker runs{_describe_lost(lost)}.", START_ONE, **facts)
    hosts = pluralize(len({worker.facts.host for worker in live}), "host")
    images = pluralize(sum(worker.facts.concurrency for worker in live), "image")
    running = f"{_format_count(live)} on {hosts}, for {images} at once"
    if lost:
        return warn("workers", f"{running}{_describe_lost(lost)}.", READ_LOGS, **facts)
    return ok("workers", f"{running}.", **facts)


def _describe_lost(lost: list[KnownWorker]) -> str:
    """Return a clause on lost workers, empty if there is none."""
    if not lost:
        return ""
    last = min(lost, key=lambda worker: worker.unseen_for)
    verb = "was" if len(lost) == 1 else "were"
    return (
        f"; {pluralize(len(lost), 'worker')} {verb} lost, the last on host {last.facts.host},"
        f" unseen for {format_duration(last.unseen_for)}"
    )


def _format_count(live: Iterable[KnownWorker]) -> str:
    count = len(list(live))
    return f"{pluralize(count, 'worker')} {'runs' if count == 1 else 'run'}"
