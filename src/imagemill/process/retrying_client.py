"""HTTP client for one server that retries transient errors with backoff, up to MAX_TRIES times."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import count
from typing import Any, TypeVar

import httpx

from imagemill.process.backoff import MAX_TRIES, compute_retry_delay
from imagemill.process.errors import ServerUnreachable, TransientError
from imagemill.process.responses import require_success, translate_errors

T = TypeVar("T")


class RetryingClient:
    """Requests to one server; their failures are raised as the errors of process/errors.py."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._gave_up: ServerUnreachable | None = None

    async def request(self, method: str, url: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - what httpx takes
        """Send the request once and return its successful response."""
        async with self.stream(method, url, **options) as response:
            await response.aread()
        return response

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        url: str,
        **options: Any,  # noqa: ANN401 - what httpx takes
    ) -> AsyncIterator[httpx.Response]:
        """Send the request once and yield its successful response, the body still unread."""
        with translate_errors(str(self._client.base_url)):
            async with self._client.stream(method, url, **options) as response:
                if not response.is_success:
                    await response.aread()
                require_success(response)
                yield response

    async def retry(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Return the result of the attempt, which is retried while it raises TransientError.

        Once a server was unreachable in all tries, every later call fails at once.
        """
        if self._gave_up:
            raise self._gave_up
        for tries in count(1):
            try:
                return await attempt()
            except TransientError as error:
                if tries == MAX_TRIES:
                    self._gave_up = error if isinstance(error, ServerUnreachable) else None
                    raise
                draw = random.random()  # noqa: S311 - a delay is no secret
                delay = compute_retry_delay(tries, error.retry_after, draw)
            await asyncio.sleep(delay.total_seconds())
        raise AssertionError("count never ends")
