"""Proxy between a client and a real server that changes, cuts or holds responses."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

REQUEST_HEADERS = ("Content-Type", "Authorization", "Idempotency-Key", "Prefer")
RESPONSE_HEADERS = ("Content-Type", "Repr-Digest")


@dataclass(slots=True)
class Exchange:
    """One request and the response of the server, which a fault may change."""

    method: str
    path: str
    headers: dict[str, str]
    status: int
    response_headers: dict[str, str]
    body: bytes
    cut: bool = False
    held: threading.Event | None = None


Fault = Callable[[Exchange], None]


@dataclass(slots=True)
class FaultyProxy:
    """The proxy's address and the exchanges so far."""

    url: str
    seen: list[Exchange] = field(default_factory=list)


@contextmanager
def run_proxy(server: str, fault: Fault) -> Iterator[FaultyProxy]:
    """Run a proxy to the server; `fault` gets every exchange and may change it."""

    class Handler(BaseHTTPRequestHandler):
        def do(self) -> None:
            exchange = self.forward()
            proxy.seen.append(exchange)
            fault(exchange)
            self.respond(exchange)

        do_GET = do_POST = do_DELETE = do  # noqa: N815 - so http.server calls them

        def forward(self) -> Exchange:
            length = int(self.headers.get("Content-Length") or 0)
            headers = {name: self.headers[name] for name in REQUEST_HEADERS if name in self.headers}
            response = httpx.request(
                self.command,
                server + self.path,
                content=self.rfile.read(length),
                headers=headers,
                timeout=60,
            )
            headers_back = {
                name: response.headers[name]
                for name in RESPONSE_HEADERS
                if name in response.headers
            }
            return Exchange(
                self.command,
                self.path,
                headers,
                response.status_code,
                headers_back,
                response.content,
            )

        def respond(self, exchange: Exchange) -> None:
            if exchange.cut:
                self.close_connection = True
                return
            self.send_response(exchange.status)
            for name, value in exchange.response_headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(exchange.body)))
            self.end_headers()
            half = len(exchange.body) // 2
            self.wfile.write(exchange.body[:half])
            if exchange.held:
                self.wfile.flush()
                exchange.held.wait(60)
            self.wfile.write(exchange.body[half:])

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        proxy = FaultyProxy(f"http://127.0.0.1:{listener.server_port}")
        thread = threading.Thread(target=listener.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield proxy
        finally:
            listener.shutdown()
            thread.join()
