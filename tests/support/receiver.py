"""A receiver of webhooks: a real HTTP server on loopback that keeps what it was sent."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import Any

WAIT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Received:
    """One request. `headers` have lower-case names."""

    path: str
    headers: dict[str, str]
    body: bytes


# What is answered to the n-th request, from 1: a status and more headers.
Answer = tuple[int, dict[str, str]]
Answering = Callable[[int], Answer]


@dataclass(slots=True)
class Receiver:
    """The requests, in the order they came. Setting `released` answers those that are held."""

    port: int
    answering: Answering
    queue: Queue[Received] = field(default_factory=Queue)
    released: threading.Event = field(default_factory=threading.Event)
    count: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def next(self) -> Received:
        """Return the next request, once it is there."""
        return self.queue.get(timeout=WAIT_SECONDS)

    def take(self, received: Received) -> Answer:
        with self._lock:
            self.count += 1
            number = self.count
        self.queue.put(received)
        return self.answering(number)


def always(status: int, **headers: str) -> Answering:
    return lambda _: (status, headers)


def in_turn(*statuses: int) -> Answering:
    """Answer with these, and with the last of them from then on."""
    return lambda number: (statuses[min(number, len(statuses)) - 1], {})


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024

    def handle_error(self, *_: Any) -> None:  # noqa: ANN401 - whatever the base class has
        """A client that disconnects is expected."""


@contextmanager
def receiving(answering: Answering | None = None, port: int = 0) -> Iterator[Receiver]:
    """Run a receiver; with no way of answering, it holds every request until it is released."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, more = receiver.take(Received(self.path, headers, body))
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Not on the terminal."""

    def hold(_: int) -> Answer:
        receiver.released.wait()
        return 200, {}

    server = Server(("127.0.0.1", port), Handler)
    receiver = Receiver(server.server_address[1], answering or hold)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
