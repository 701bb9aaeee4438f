"""A running imagemill, as its HTTP interface has it."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final, Self
from uuid import uuid4

import httpx

from imagemill.http_digest import format_digest
from imagemill.process.backoff import between_looks
from imagemill.process.errors import Misused, Passing
from imagemill.process.exchange import Exchange
from imagemill.process.files import shown
from imagemill.process.responses import read
from imagemill.process.schemas import Job, JobOutput, Presets

# A server that can hold its answer until the job has ended does so; any other answers at once.
WAIT_SECONDS: Final = 30
# Longer than a server holds an answer, and than a slow disk takes to sync an upload.
TIMEOUT: Final = httpx.Timeout(WAIT_SECONDS + 30, connect=10, pool=None)

# The digest is that of the bytes as they are, not as something between us may pack them.
AS_IT_IS: Final = {"Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is; the key, if any, goes along with every request.

    What is here, on this machine, is spoken to without the proxies that the environment names.
    """

    url: str
    key: str | None = field(default=None, repr=False)
    is_here: bool = False

    @classmethod
    def given(cls, url: str, key: str | None) -> Self:
        """Return what the command line says. Raises Misused."""
        if not _is_address(url):
            raise Misused(f"--server: {url!r} is no address such as http://127.0.0.1:8000.")
        if key is not None and not (key.isascii() and key.isprintable()):
            raise Misused("--key: holds characters that no header can carry.")
        return cls(url, key)


def _is_address(text: str) -> bool:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        return False
    return url.scheme in {"http", "https"} and bool(url.host)


class ServerClient:
    """A server of imagemill. What time can mend is tried again, a few times.

    Beside what the methods name, they raise Misused and NotImagemill for what every file would
    meet.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    @classmethod
    @asynccontextmanager
    async def open(cls, address: Address) -> AsyncIterator[Self]:
        """Speak to the server until the block is left."""
        async with httpx.AsyncClient(
            base_url=address.url,
            headers={"Authorization": f"Bearer {address.key}"} if address.key else {},
            timeout=TIMEOUT,
            trust_env=not address.is_here,
        ) as client:
            yield cls(Exchange(client))

    async def presets(self) -> dict[str, Any]:
        """Return the pipelines that have a name there. Raises Passing.

        Tried once: whoever mistyped the address wants to know it now.
        """
        return read(Presets, await self._exchange.once("GET", "/presets")).presets

    async def submit(self, path: Path, fields: Mapping[str, str]) -> Job:
        """Upload the file and return its job. Raises FileFailed, OSError."""
        # Should the answer be lost, the next try gets the same job instead of a second one.
        headers = {"Idempotency-Key": str(uuid4())}

        async def upload() -> httpx.Response:
            with path.open("rb") as file:
                files = {"file": (shown(Path(path.name)), file, "application/octet-stream")}
                return await self._exchange.once(
                    "POST", "/upload", files=files, data=dict(fields), headers=headers
                )

        return read(Job, await self._exchange.patiently(upload))

    async def ended(self, job: Job) -> Job:
        """Return the job once it has ended. Raises FileFailed."""
        headers = {"Prefer": f"wait={WAIT_SECONDS}"}

        async def look() -> httpx.Response:
            return await self._exchange.once("GET", f"/jobs/{job.id}", headers=headers)

        found, looks = job, 0
        while not found.has_ended:
            await asyncio.sleep(between_looks(looks).total_seconds())
            found = read(Job, await self._exchange.patiently(look))
            looks += 1
        return found

    async def download(self, job: Job, output: JobOutput, file: BinaryIO) -> None:
        """Write the output into the file. Raises FileFailed, also when other bytes arrive."""

        async def fetch() -> None:
            file.seek(0)
            file.truncate()
            sha256 = hashlib.sha256()
            url = f"/jobs/{job.id}/outputs/{output.name}"
            async with self._exchange.streamed("GET", url, headers=AS_IT_IS) as answer:
                async for chunk in answer.aiter_raw():
                    sha256.update(chunk)
                    file.write(chunk)
            if answer.headers.get("Repr-Digest") != format_digest(sha256.hexdigest()):
                sentence = "What arrived does not match the digest that the server sent along."
                raise Passing("damaged_download", sentence)

        await self._exchange.patiently(fetch)

    async def delete(self, job: Job) -> None:
        """Remove the job and its files. Raises FileFailed."""
        await self._exchange.patiently(lambda: self._exchange.once("DELETE", f"/jobs/{job.id}"))
