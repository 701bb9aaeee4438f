"""Loads a stack evenly, without faults, and samples the resources of its processes."""

import asyncio
import random
import tempfile
from dataclasses import dataclass
from pathlib import Path

import httpx

from chaos.load import CLIENTS, Load
from chaos.stack import Stack
from imagemill.jobs.job import ENDED
from soak.growth import Trend
from soak.samples import RESOURCES, Sample, sample

# Imports, pools, caches and allocators fill with the first jobs.
WARM_UP_SHARE = 0.25
# Of the warm-up, and after it.
MIN_JOBS = 40
SECONDS_BETWEEN_SAMPLES = 0.5
SECONDS_BETWEEN_LOOKS = 0.1


@dataclass(frozen=True)
class Report:
    jobs: int
    seconds: float
    trends: list[Trend]

    def lines(self) -> list[str]:
        return [
            f"{self.jobs} jobs in {self.seconds:.0f} s after the warm-up",
            *(trend.line() for trend in self.trends),
        ]

    def growing(self) -> list[str]:
        return [trend.line() for trend in self.trends if trend.grows]


class WaitingClients:
    """Clients that upload, wait for the job's end, look at its outputs, and upload again.

    So the stack is always busy, and no job waits longer at the end of the run than
    at its beginning.
    """

    def __init__(self, url: str, rng: random.Random) -> None:
        self.load = Load(url, rng)
        self.ended = 0

    async def run(self, enough: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(CLIENTS):
                group.create_task(self._upload_and_wait(enough))

    async def wait_for(self, jobs: int) -> None:
        """Return once so many jobs have ended."""
        while self.ended < jobs:  # noqa: ASYNC110 - polled as rarely as samples are taken
            await asyncio.sleep(SECONDS_BETWEEN_SAMPLES)

    async def _upload_and_wait(self, enough: asyncio.Event) -> None:
        async with httpx.AsyncClient(base_url=self.load.url, timeout=60) as client:
            while not enough.is_set():
                job_id = await self.load.upload(client)
                assert job_id, "the service refused an upload, and nothing was done to it"
                await self._wait_for(client, job_id)
                self.ended += 1

    async def _wait_for(self, client: httpx.AsyncClient, job_id: str) -> None:
        job = (await client.get(f"/jobs/{job_id}")).json()
        while job["status"] not in ENDED:
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
            job = (await client.get(f"/jobs/{job_id}")).json()
        for output in job["outputs"]:
            answer = await client.get(output["url"])
            assert answer.status_code == httpx.codes.OK


async def soak(seconds: float, seed: int) -> Report:
    """Load the stack for so long and tell what of its processes grew after the warm-up.

    On a slow machine it takes longer: both parts last for MIN_JOBS jobs, since what a process
    holds settles with the first few of them.
    """
    with tempfile.TemporaryDirectory(prefix="imagemill-soak-") as name:
        async with Stack.run(Path(name)) as stack:
            clients = WaitingClients(stack.url, random.Random(seed))
            loop = asyncio.get_running_loop()
            async with asyncio.TaskGroup() as group:
                enough = asyncio.Event()
                group.create_task(clients.run(enough))
                await asyncio.sleep(seconds * WARM_UP_SHARE)
                await clients.wait_for(MIN_JOBS)
                before, began = clients.ended, loop.time()
                samples = await _watch(stack, seconds * (1 - WARM_UP_SHARE))
                while clients.ended < before + MIN_JOBS:
                    samples += await _watch(stack, SECONDS_BETWEEN_SAMPLES)
                jobs, lasting = clients.ended - before, loop.time() - began
                enough.set()
    trends = [Trend.of(one, [each[one] for each in samples], jobs) for one in RESOURCES]
    return Report(jobs, lasting, trends)


async def _watch(stack: Stack, seconds: float) -> list[Sample]:
    until = asyncio.get_running_loop().time() + seconds
    samples = []
    while asyncio.get_running_loop().time() < until:
        samples.append(await asyncio.to_thread(sample, stack))
        await asyncio.sleep(SECONDS_BETWEEN_SAMPLES)
    return samples
