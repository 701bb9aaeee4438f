"""One origin with a page that uses the JavaScript client, and the API of a real server."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from typing import Any

import httpx

TYPES = {".html": "text/html", ".js": "text/javascript"}
FILES = "/client/"
FOUND = "/found"
PASSED_ON = ("Content-Type", "Content-Length", "Idempotency-Key", "Prefer", "Last-Event-ID")
PASSED_BACK = ("Content-Type", "Repr-Digest", "Retry-After")


class PageServer(ThreadingHTTPServer):
    """Serves the folder below /client/, the documents as JSON, and all else from the API.

    `found` gets what the page reports.
    """

    daemon_threads = True

    def __init__(self, folder: Path, api: str, documents: Mapping[str, object]) -> None:
        super().__init__(("127.0.0.1", 0), PageHandler)
        self.folder = folder
        self.api = api
        self.documents = documents
        self.found: Queue[dict[str, Any]] = Queue()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: Any) -> None:  # noqa: ANN401 - whatever the base class has
        """A page that aborts its upload is expected."""


class PageHandler(BaseHTTPRequestHandler):
    server: PageServer

    def do(self) -> None:
        documents, found = self.server.documents, self.server.found
        if self.path.startswith(FILES):
            file = self.server.folder / self.path.removeprefix(FILES)
            self.respond(TYPES[file.suffix], file.read_bytes())
        elif self.path in documents:
            self.respond("application/json", json.dumps(documents[self.path]).encode())
        elif self.path == FOUND:
            found.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.respond("text/plain", b"")
        else:
            self.forward()

    do_GET = do_POST = do_DELETE = do  # noqa: N815 - so http.server calls them

    def respond(self, media_type: str, body: bytes) -> None:
        self.send_response(httpx.codes.OK)
        self.send_header("Content-Type", media_type)
        self.end_headers()
        self.wfile.write(body)

    def forward(self) -> None:
        headers = {name: self.headers[name] for name in PASSED_ON if name in self.headers}
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = self.server.api + self.path
        with httpx.stream(self.command, url, headers=headers, content=body, timeout=60) as response:
            self.send_response(response.status_code)
            for name in PASSED_BACK:
                if name in response.headers:
                    self.send_header(name, response.headers[name])
            self.end_headers()
            for chunk in response.iter_raw():
                self.wfile.write(chunk)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving_page(folder: Path, api: str, documents: Mapping[str, object]) -> Iterator[PageServer]:
    with PageServer(folder, api, documents) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
