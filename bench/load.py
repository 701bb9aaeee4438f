"""A light HTTP client: blocking sockets in threads, and requests that are built once."""

import itertools
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, Self
from uuid import uuid4

TIMEOUT_SECONDS: Final = 60.0
HEAD_END: Final = b"\r\n\r\n"
COMMENT_BYTES: Final = 32
# A segment with a comment (ITU-T T.81, B.2.4.5); its length includes the length's own two bytes.
COMMENT: Final = b"\xff\xfe" + (2 + COMMENT_BYTES).to_bytes(2)


@dataclass(slots=True)
class Connection:
    """A connection that is kept open."""

    host: str
    port: int
    _socket: socket.socket
    _buffer: bytes = b""

    @classmethod
    @contextmanager
    def open(cls, host: str, port: int) -> Iterator[Self]:
        with socket.create_connection((host, port), TIMEOUT_SECONDS) as opened:
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            yield cls(host, port, opened)

    def get(self, path: str, *headers: str) -> bytes:
        """Return the body of a response with status 200."""
        lines = (f"GET {path} HTTP/1.1", f"Host: {self.host}", *headers, "\r\n")
        return self.request(["\r\n".join(lines).encode()])

    def request(self, parts: list[bytes]) -> bytes:
        """Send a request and return the body of its response, which must be a success."""
        self._socket.sendall(b"".join(parts))
        while HEAD_END not in self._buffer:
            self._receive()
        head, _, self._buffer = self._buffer.partition(HEAD_END)
        status, *lines = head.decode("latin-1").lower().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        length = int(headers["content-length"])
        while len(self._buffer) < length:
            self._receive()
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        assert status.split()[1].startswith("2"), body
        return body

    def _receive(self) -> None:
        data = self._socket.recv(1 << 18)
        if not data:
            raise ConnectionError("the gateway closed the connection")
        self._buffer += data


@dataclass(frozen=True, slots=True)
class Upload:
    """The upload of one picture, whose bytes differ each time by a comment."""

    host: str
    query: str
    jpeg: bytes
    _head: bytes = field(init=False)
    _rest: bytes = field(init=False)

    def __post_init__(self) -> None:
        first_segment_end = 4 + int.from_bytes(self.jpeg[4:6])
        length = len(self.jpeg) + len(COMMENT) + COMMENT_BYTES
        head = (
            f"POST /upload?{self.query} HTTP/1.1\r\nHost: {self.host}\r\n"
            f"Content-Type: image/jpeg\r\nContent-Length: {length}\r\n\r\n"
        )
        start = self.jpeg[:first_segment_end] + COMMENT
        object.__setattr__(self, "_head", head.encode() + start)
        object.__setattr__(self, "_rest", self.jpeg[first_segment_end:])

    def send(self, connection: Connection) -> str:
        """Send it and return the id of its job."""
        parts = [self._head, uuid4().hex.encode(), self._rest]
        return str(json.loads(connection.request(parts))["id"])


def send_many(upload: Upload, port: int, count: int, at_once: int) -> list[str]:
    """Send the upload `count` times by so many threads; return the ids of the jobs."""
    ids: list[str] = []
    numbers = itertools.count()

    def work() -> None:
        with Connection.open(upload.host, port) as connection:
            while next(numbers) < count:
                ids.append(upload.send(connection))

    threads = [threading.Thread(target=work) for _ in range(at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == count, "a thread failed: see above"
    return ids


def time_uploads(upload: Upload, port: int, until: "threading.Event", pause: float) -> list[float]:
    """Return the seconds that each upload took, one after the other, until the event."""
    durations = []
    with Connection.open(upload.host, port) as connection:
        while not until.wait(pause):
            began = time.perf_counter()
            upload.send(connection)
            durations.append(time.perf_counter() - began)
    return durations
