"""A bad connection: what stands between a client and a real server, and does harm on the way."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

PASSED_ON = ("Content-Type", "Authorization", "Idempotency-Key", "Prefer")
PASSED_BACK = ("Content-Type", "Repr-Digest")


@dataclass(slots=True)
class Passing:
    """One request and the answer of the server, which may be spoilt before it is passed back."""

    method: str
    path: str
    headers: dict[str, str]
    status: int
    answer_headers: dict[str, str]
    body: bytes
    cut: bool = False
    held: threading.Event | None = None


Spoil = Callable[[Passing], None]


@dataclass(slots=True)
class Line:
    """What went over the line so far, and where it begins."""

    url: str
    seen: list[Passing] = field(default_factory=list)


@contextmanager
def line_to(server: str, spoil: Spoil) -> Iterator[Line]:
    """Yield a line to the server; `spoil` sees every answer and may change it."""

    class Handler(BaseHTTPRequestHandler):
        def do(self) -> None:
            passing = self.fetched()
            line.seen.append(passing)
            spoil(passing)
            self.answer(passing)

        do_GET = do_POST = do_DELETE = do  # noqa: N815 - so http.server calls them

        def fetched(self) -> Passing:
            length = int(self.headers.get("Content-Length") or 0)
            headers = {name: self.headers[name] for name in PASSED_ON if name in self.headers}
            answer = httpx.request(
                self.command,
                server + self.path,
                content=self.rfile.read(length),
                headers=headers,
                timeout=60,
            )
            back = {name: answer.headers[name] for name in PASSED_BACK if name in answer.headers}
            return Passing(
                self.command, self.path, headers, answer.status_code, back, answer.content
            )

        def answer(self, passing: Passing) -> None:
            if passing.cut:
                self.close_connection = True
                return
            self.send_response(passing.status)
            for name, value in passing.answer_headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(passing.body)))
            self.end_headers()
            half = len(passing.body) // 2
            self.wfile.write(passing.body[:half])
            if passing.held:
                self.wfile.flush()
                passing.held.wait(60)
            self.wfile.write(passing.body[half:])

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as between:
        line = Line(f"http://127.0.0.1:{between.server_port}")
        thread = threading.Thread(target=between.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield line
        finally:
            between.shutdown()
            thread.join()
