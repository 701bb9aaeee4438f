"""An asynchronous client that is called like the other one, so that one test is for both."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from inspect import isasyncgen
from typing import Any, Self, cast

from imagemill.client import AsyncClient


class Blocking:
    """Runs each coroutine of the client to its end, and its iterators step by step."""

    def __init__(self, client: AsyncClient, runner: asyncio.Runner) -> None:
        self._client = client
        self._runner = runner

    def __enter__(self) -> Self:
        self._runner.run(self._client.__aenter__())
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._client.aclose())

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - as the method
            result = getattr(self._client, name)(*arguments, **options)
            if isasyncgen(result):
                return self._iterate(cast("AsyncGenerator[Any]", result))
            return self._runner.run(result)

        return call

    def _iterate(self, values: AsyncGenerator[Any]) -> Iterator[Any]:
        async def advance() -> tuple[Any, ...]:
            async for value in values:
                return (value,)
            return ()

        try:
            while step := self._runner.run(advance()):
                yield step[0]
        finally:
            self._runner.run(values.aclose())
