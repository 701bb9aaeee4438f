"""Clients that upload all the time, and remember what they were promised."""

import asyncio
import json
import random
from dataclasses import dataclass, field

import httpx

from imagemill.jobs.job import ENDED
from support.pictures import picture

CLIENTS = 3
# A client that has so many jobs in the queue waits for one of them, so that the backlog at the end
# is as short on a slow machine as on a quick one.
MOST_UNFINISHED = 10
SECONDS_BETWEEN_UPLOADS = (0.05, 0.3)

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
        unfinished: list[str] = []
        while True:
            if len(unfinished) < MOST_UNFINISHED:
                if job_id := await self.upload(client):
                    unfinished.append(job_id)
            else:
                unfinished = [one for one in unfinished if not await _has_ended(client, one)]
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


async def _has_ended(client: httpx.AsyncClient, job_id: str) -> bool:
    """Return whether a job is known to have ended; a service that is away does not say."""
    try:
        answer = await client.get(f"/jobs/{job_id}")
    except httpx.TransportError:
        return False
    return answer.is_success and answer.json()["status"] in ENDED
