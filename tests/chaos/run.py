"""Runs load and faults side by side, waits until the stack is idle, and reports the outcome."""

import asyncio
import random
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString

from chaos.faults import FAULTS, FaultInjector
from chaos.history import Findings, examine
from chaos.load import Load
from chaos.stack import Stack
from chaos.webhooks import answer_slowly, examine_webhooks
from support.deliveries import make_due
from support.process import wait_until
from support.receiver import receiving
from support.servers import connect

IDLE_TIMEOUT_SECONDS = 120

UNFINISHED = "SELECT count(*) FROM jobs WHERE status IN ('PENDING', 'PROCESSING')"
UNDELIVERED = "SELECT count(*) FROM deliveries WHERE status = 'PENDING'"


@dataclass(frozen=True)
class Report:
    seed: int
    seconds: float
    load: Load
    findings: Findings
    done: Counter[str]
    hit: Counter[str]

    def line(self) -> str:
        """Return the outcome in one line."""
        statuses, failures = self.findings.statuses, self.findings.failures
        reasons = ", ".join(f"{count} {code}" for code, count in sorted(failures.items()))
        return (
            f"{len(self.load.accepted)} accepted, {statuses['COMPLETED']} completed,"
            f" {statuses['FAILED']} failed ({reasons or 'none'}), {statuses['CANCELED']} canceled,"
            f" {len(self.findings.lost)} lost, {len(self.findings.doubled)} doubled,"
            f" {self.findings.delivered} webhooks delivered,"
            f" {self.findings.delivered_again} of them more than once"
            f" · {sum(self.done.values())} faults in {self.seconds:.0f} s, seed {self.seed}"
        )

    def faults_that_did_not_happen(self) -> list[str]:
        """Name what was done in name only: then the run proves less than it seems to."""
        missing = [fault.__name__ for fault in FAULTS if not self.done[fault.__name__]]
        missing += [what for what, count in self.hit.items() if not count]
        if not self.findings.worker_lost:
            missing.append("a lease that expired")
        if not self.findings.claimed_again:
            missing.append("a job that was claimed again")
        if not self.findings.delivered_again:
            missing.append("a webhook whose answer was lost")
        return missing


async def run_chaos(seconds: float, seed: int) -> Report:
    """Run the stack under load and faults for so long, and examine it once it is idle."""
    rng = random.Random(seed)
    with (
        tempfile.TemporaryDirectory(prefix="imagemill-chaos-") as name,
        receiving(answer_slowly) as receiver,
    ):
        async with Stack.run(Path(name)) as stack:
            load = Load(stack.url, random.Random(rng.random()), receiver.url)
            read_only_seconds = min(20, seconds / 3)
            injector = FaultInjector(stack, rng, read_only_seconds)
            began = time.monotonic()
            enough = asyncio.Event()
            striking = asyncio.create_task(injector.run(enough))
            await load.run(seconds)
            enough.set()
            await striking
            await asyncio.to_thread(_wait_until_idle, stack)
            findings = await asyncio.to_thread(examine, stack.postgres, stack.storage, load)
            await asyncio.to_thread(examine_webhooks, findings, stack.postgres, receiver)
            findings.wrong += injector.ended
            lasted = time.monotonic() - began
            return Report(seed, lasted, load, findings, injector.done, injector.hit)


def _wait_until_idle(stack: Stack) -> None:
    def is_none_left(count: LiteralString) -> bool:
        with connect(stack.postgres) as connection:
            return connection.execute(count).fetchall() == [(0,)]

    wait_until(
        lambda: is_none_left(UNFINISHED), "all jobs end", stack.log_of_workers, IDLE_TIMEOUT_SECONDS
    )
    make_due(stack.postgres)  # or killed workers would hold their webhooks for a minute
    wait_until(
        lambda: is_none_left(UNDELIVERED),
        "all webhooks are delivered",
        stack.log_of_workers,
        IDLE_TIMEOUT_SECONDS,
    )
