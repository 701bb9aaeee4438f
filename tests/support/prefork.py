"""Starts `imagemill` by forking a process that has imported it: most of a start is imports.

That process is prefork_server.py. Tests of `imagemill up`, `demo` and `process`, and those of the
containers, start `imagemill` by its name.
"""

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Final, cast

from support.redis_timeouts import LONGER_TIMEOUTS, PATIENT_WITH_REDIS

MAX_MESSAGE_BYTES: Final = 65_536
SERVER: Final = Path(__file__).with_name("prefork_server.py")


class ForkedProcess:
    """A child of the launcher, to be used as a subprocess.Popen."""

    def __init__(self, launcher: "Launcher", pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._launcher = launcher
        self._ended = os.pidfd_open(pid)

    def poll(self) -> int | None:
        if self.returncode is None:
            # It stays a zombie until it is asked for, so that nothing else gets its id.
            self.returncode = self._launcher.ask({"poll": self.pid})
            if self.returncode is not None:
                os.close(self._ended)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None and not select.select([self._ended], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired(f"pid {self.pid}", timeout or 0)
        return cast("int", self.poll())

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Launcher:
    """The process that is forked. It ends with this one."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(SERVER), str(theirs.fileno())],
                env={"PATH": os.environ["PATH"]},
                pass_fds=[theirs.fileno()],
            )
        atexit.register(self._close)

    def start(
        self, arguments: list[str], environment: Mapping[str, str], output: IO[bytes]
    ) -> ForkedProcess:
        """Start `imagemill ARGUMENT...`."""
        order = {
            "arguments": arguments,
            "environment": dict(environment),
            "constants": LONGER_TIMEOUTS if PATIENT_WITH_REDIS in environment else {},
        }
        return ForkedProcess(self, self.ask(order, output.fileno()))

    def ask(self, order: object, *descriptors: int) -> Any:  # noqa: ANN401 - whatever is asked for
        socket.send_fds(self._socket, [json.dumps(order).encode()], descriptors)
        answer = self._socket.recv(MAX_MESSAGE_BYTES)
        if not answer:
            raise RuntimeError("the launcher of services has ended")
        return json.loads(answer)

    def _close(self) -> None:
        self._socket.close()
        self._process.wait()
