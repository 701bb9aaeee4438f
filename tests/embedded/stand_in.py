"""Run as a script: takes the place of the gateway or the worker, and keeps a journal.

`stand_in.py NAME JOURNAL [PORT]` answers 200 on the port, if there is one, until SIGTERM.
"""

import json
import os
import signal
import socket
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from types import FrameType


class Ready(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def answers(port: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(port))) == 0


def main(name: str, journal: Path, port: str = "") -> None:
    stopped = Event()

    def note(line: str) -> None:
        with journal.open("a", encoding="utf-8") as opened:
            opened.write(f"{name} {line}\n")

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopped.set()

    signal.signal(signal.SIGTERM, stop)
    journal.with_name(f"{name}.json").write_text(json.dumps(dict(os.environ)), encoding="utf-8")
    if port:
        server = ThreadingHTTPServer(("127.0.0.1", int(port)), Ready)
        Thread(target=server.serve_forever, daemon=True).start()
    note("started")
    stopped.wait()
    servers = answers(os.environ["PG_PORT"]) and answers(os.environ["REDIS_PORT"])
    note("stopped before its servers" if servers else "stopped without its servers")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
