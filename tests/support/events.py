"""A client of server-sent event streams."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True, slots=True)
class Event:
    """An event of a stream; `retry` stands alone, without a kind and data."""

    kind: str
    id: str | None
    data: dict[str, Any]
    retry: int | None = None

    @property
    def status(self) -> str:
        return str(self.data["status"])


def events(answer: httpx.Response) -> Iterator[Event]:
    """Yield the events of an open stream until it ends; comments are passed over."""
    fields: dict[str, str] = {}
    for line in answer.iter_lines():
        name, _, value = line.partition(":")
        if name:
            fields[name] = value.removeprefix(" ")
        elif fields:
            if fields.keys() & {"data", "retry"}:
                yield Event(
                    fields.get("event", "message"),
                    fields.get("id"),
                    json.loads(fields.get("data", "{}")),
                    int(fields["retry"]) if "retry" in fields else None,
                )
            fields = {}


@contextmanager
def stream(client: httpx.Client, path: str, last: object = None) -> Iterator[Iterator[Event]]:
    """Open a stream while the block runs; `last` is its `Last-Event-ID`."""
    headers = {} if last is None else {"Last-Event-ID": str(last)}
    with client.stream("GET", path, headers=headers) as answer:
        assert answer.status_code == httpx.codes.OK, answer.read()
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        yield events(answer)
