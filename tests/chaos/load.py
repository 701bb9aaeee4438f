"""Clients that upload all the time, and remember what they were promised."""

import asyncio
import json
import random
from collections import deque
from dataclasses import dataclass, field

import httpx

from support.pictures import picture

CLIENTS = 3
# A client that has so many jobs in the queue waits for its oldest one, so that the backlog at the
# end is as short on a slow machine as on a quick one.
MOST_UNFINISHED = 10
SECONDS_BETWEEN_UPLOADS = (0.05, 0.3)

UNFINISHED = ("PENDING", "PROCESSING")

GOOD = picture(640, 480)
BROKEN = GOOD[: len(GOOD) // 2]
# Work for some tenths of a second, so that a fault meets jobs in the middle.
SLOW = json.dumps(
    {"outputs": [{"name": f"o{n}", "width": 1600, "enlarge": True} for n in range(5)]}
)


@dataclass
class Load:
    """What the service said to uploads. An id was promised once it was in a 202."""

    url: str
    rng: random.Random
    callback_url: str | None = None
    good: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    canceled: set[str] = field(default_factory=set)
    refused: int = 0
    unanswered: int = 0

    @property
    def accepted(self) -> set[str]:
        return self.good | self.broken

    async def run(self, seconds: float) -> None:
        """Upload for so long; a service that is away is tried again."""
        async with httpx.AsyncClient(base_url=self.url, timeout=10) as client:
            clients = [asyncio.create_task(self._upload_on(client)) for _ in range(CLIENTS)]
            await asyncio.sleep(seconds)
            for one in clients:
                one.cancel()
            await asyncio.gather(*clients, return_exceptions=True)

    async def _upload_on(self, client: httpx.AsyncClient) -> None:
        unfinished: deque[str] = deque()
        while True:
            if job_id := await self.upload(client):
                unfinished.append(job_id)
            if len(unfinished) == MOST_UNFINISHED:
                await _wait_until_ended(client, unfinished.popleft())
            await asyncio.sleep(self.rng.uniform(*SECONDS_BETWEEN_UPLOADS))

    async def upload(self, client: httpx.AsyncClient) -> str | None:
        """Upload a picture, good or broken, quick or slow; return the id that was promised."""
        is_broken = self.rng.random() < 0.05
        fields = {"callback_url": self.callback_url} if self.callback_url else {}
        if self.rng.random() < 0.4:
            fields["pipeline"] = SLOW
        file = ("x.jpg", BROKEN if is_broken else GOOD)
        try:
            answer = await client.post("/upload", files={"file": file}, data=fields)
        except httpx.TransportError:
            self.unanswered += 1
            return None
        if answer.status_code != httpx.codes.ACCEPTED:
            assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE, answer.text
            self.refused += 1
            return None
        job_id = str(answer.json()["id"])
        (self.broken if is_broken else self.good).add(job_id)
        if self.rng.random() < 0.03:
            await self._cancel(client, job_id)
        return job_id

    async def _cancel(self, client: httpx.AsyncClient, job_id: str) -> None:
        self.canceled.add(job_id)
        try:
            await client.post(f"/jobs/{job_id}/cancel")
        except httpx.TransportError:
            return


async def _wait_until_ended(client: httpx.AsyncClient, job_id: str) -> None:
    """Return once a job has ended; a service that is away is asked again."""
    while True:
        try:
            answer = await client.get(f"/jobs/{job_id}", headers={"Prefer": "wait=2"})
        except httpx.TransportError:
            await asyncio.sleep(0.1)
            continue
        if answer.is_success and answer.json()["status"] not in UNFINISHED:
            return
        if not answer.is_success:
            await asyncio.sleep(0.1)
