"""How unusual requests are counted and timed: streams, waits and aborted ones."""

import asyncio
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from imagemill.gateway.observability.observed_app import ObservedApp


async def request_to(path: str, status: int, *headers: tuple[bytes, bytes]) -> None:
    """Let an application answer with this status and these headers; with 0, be given up."""

    async def app(scope: Scope, _: Receive, send: Send) -> None:
        scope["route"] = Route(path, endpoint=app)
        if not status:
            raise asyncio.CancelledError
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"x"})

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(_: Message) -> None:
        pass

    scope = {"type": "http", "method": "GET", "path": path, "root_path": "", "headers": []}
    await ObservedApp(app)(scope, receive, send)


def counted(path: str, status: str) -> float | None:
    labels = {"method": "GET", "route": path, "status": status}
    return REGISTRY.get_sample_value("imagemill_http_requests_total", labels)


def timed(path: str) -> float | None:
    labels = {"method": "GET", "route": path}
    return REGISTRY.get_sample_value("imagemill_http_request_duration_seconds_count", labels)


@pytest.fixture
def path() -> str:
    """A route of this test's own: the metrics are those of the whole process."""
    return f"/{uuid4()}"


async def test_an_ordinary_request_is_counted_and_timed(path: str) -> None:
    await request_to(path, 200, (b"content-type", b"application/json"))
    assert (counted(path, "200"), timed(path)) == (1, 1)


@pytest.mark.parametrize(
    "header",
    [(b"content-type", b"text/event-stream; charset=utf-8"), (b"preference-applied", b"wait=5")],
)
async def test_a_stream_or_wait_is_counted_and_not_timed(
    path: str, header: tuple[bytes, bytes]
) -> None:
    await request_to(path, 200, header)
    assert (counted(path, "200"), timed(path)) == (1, None)


async def test_a_request_without_a_response_is_counted_as_aborted(path: str) -> None:
    with pytest.raises(asyncio.CancelledError):
        await request_to(path, 0)
    assert (counted(path, "aborted"), timed(path)) == (1, None)
