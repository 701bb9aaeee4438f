"""Client of a running imagemill server, by its HTTP interface."""

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
from imagemill.process.backoff import compute_poll_delay
from imagemill.process.errors import TransientError, UsageError
from imagemill.process.files import format_path
from imagemill.process.responses import parse_response
from imagemill.process.retrying_client import RetryingClient
from imagemill.process.schemas import Job, JobOutput, Presets

# A server that supports it holds its response until the job has ended; others answer at once.
WAIT_SECONDS: Final = 30
# Longer than a server holds a response, and than a slow disk takes to sync an upload.
TIMEOUT: Final = httpx.Timeout(WAIT_SECONDS + 30, connect=10, pool=None)

# The digest is that of the bytes as they are stored, not of a compressed transfer.
NO_COMPRESSION: Final = {"Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """The address of a server, and the API key that is sent with every request, if any.

    A local server is connected to directly, without the proxies that the environment names.
    """

    url: str
    key: str | None = field(default=None, repr=False)
    is_local: bool = False

    @classmethod
    def parse(cls, url: str, key: str | None) -> Self:
        """Return the address for the options --url and --key. Raises UsageError."""
        if not _is_http_url(url):
            raise UsageError(f"--url: {url!r} is not a URL such as http://127.0.0.1:8000.")
        if key is not None and not (key.isascii() and key.isprintable()):
            raise UsageError("--key: contains characters that an HTTP header cannot carry.")
        return cls(url, key)


def _is_http_url(text: str) -> bool:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        return False
    return url.scheme in {"http", "https"} and bool(url.host)


class ServerClient:
    """Uploads, waits for, downloads and deletes jobs. Transient errors are retried.

    Besides the errors that the methods name, they raise UsageError and NotImagemill, which would
    concern every file.
    """

    def __init__(self, client: RetryingClient) -> None:
        self._client = client

    @classmethod
    @asynccontextmanager
    async def open(cls, address: ServerAddress) -> AsyncIterator[Self]:
        async with httpx.AsyncClient(
            base_url=address.url,
            headers={"Authorization": f"Bearer {address.key}"} if address.key else {},
            timeout=TIMEOUT,
            trust_env=not address.is_local,
        ) as client:
            yield cls(RetryingClient(client))

    async def fetch_presets(self) -> dict[str, Any]:
        """Return the server's presets by name. Raises TransientError.

        Not retried: a mistyped address should be reported at once.
        """
        return parse_response(Presets, await self._client.request("GET", "/presets")).presets

    async def submit(self, path: Path, fields: Mapping[str, str]) -> Job:
        """Upload the file and return its job. Raises FileError, OSError."""
        # Should the response be lost, the next try gets the same job instead of a second one.
        headers = {"Idempotency-Key": str(uuid4())}

        async def upload() -> httpx.Response:
            with path.open("rb") as file:
                files = {"file": (format_path(Path(path.name)), file, "application/octet-stream")}
                return await self._client.request(
                    "POST", "/upload", files=files, data=dict(fields), headers=headers
                )

        return parse_response(Job, await self._client.retry(upload))

    async def wait_for_end(self, job: Job) -> Job:
        """Return the job once it has ended. Raises FileError."""
        headers = {"Prefer": f"wait={WAIT_SECONDS}"}

        async def poll() -> httpx.Response:
            return await self._client.request("GET", f"/jobs/{job.id}", headers=headers)

        current, polls = job, 0
        while not current.has_ended:
            await asyncio.sleep(compute_poll_delay(polls).total_seconds())
            current = parse_response(Job, await self._client.retry(poll))
            polls += 1
        return current

    async def download(self, job: Job, output: JobOutput, file: BinaryIO) -> None:
        """Write the output to the file and verify its digest. Raises FileError."""

        async def fetch() -> None:
            file.seek(0)
            file.truncate()
            sha256 = hashlib.sha256()
            url = f"/jobs/{job.id}/outputs/{output.name}"
            async with self._client.stream("GET", url, headers=NO_COMPRESSION) as response:
                async for chunk in response.aiter_raw():
                    sha256.update(chunk)
                    file.write(chunk)
            if response.headers.get("Repr-Digest") != format_digest(sha256.hexdigest()):
                sentence = "The downloaded bytes do not match the digest that the server sent."
                raise TransientError("damaged_download", sentence)

        await self._client.retry(fetch)

    async def delete(self, job: Job) -> None:
        """Delete the job and its files. Raises FileError."""
        await self._client.retry(lambda: self._client.request("DELETE", f"/jobs/{job.id}"))
