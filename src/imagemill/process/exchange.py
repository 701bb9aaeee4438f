"""Requests to one server: made once, or again and again while time may mend it."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import count
from typing import Any, TypeVar

import httpx

from imagemill.process.backoff import TRIES, before_next_try
from imagemill.process.errors import Passing, ServerAway
from imagemill.process.responses import reaching, require_success

T = TypeVar("T")


class Exchange:
    """What goes to and comes from a server, its failures turned into ours (see refusals.py)."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._given_up: ServerAway | None = None

    async def once(self, method: str, url: str, **request: Any) -> httpx.Response:  # noqa: ANN401 - what httpx takes
        """Make the request and return its good answer."""
        async with self.streamed(method, url, **request) as answer:
            await answer.aread()
        return answer

    @asynccontextmanager
    async def streamed(
        self,
        method: str,
        url: str,
        **request: Any,  # noqa: ANN401 - what httpx takes
    ) -> AsyncIterator[httpx.Response]:
        """Make the request and yield its good answer, whose body is still to come."""
        with reaching(str(self._client.base_url)):
            async with self._client.stream(method, url, **request) as answer:
                if not answer.is_success:
                    await answer.aread()
                require_success(answer)
                yield answer

    async def patiently(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Return what the attempt does; try it again, a few times, while it raises Passing.

        Who was away all this time is not waited for again: every later attempt fails at once.
        """
        if self._given_up:
            raise self._given_up
        for tries in count(1):
            try:
                return await attempt()
            except Passing as failure:
                if tries == TRIES:
                    self._given_up = failure if isinstance(failure, ServerAway) else None
                    raise
                draw = random.random()  # noqa: S311 - a delay is no secret
                pause = before_next_try(tries, failure.retry_after, draw)
            await asyncio.sleep(pause.total_seconds())
        raise AssertionError("count never ends")
