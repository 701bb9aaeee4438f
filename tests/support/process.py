"""Services of imagemill as the real processes they are in production."""

import http.client
import itertools
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from support.prefork import ForkedProcess, Launcher

IMAGEMILL = (sys.executable, "-m", "imagemill")
# What services run; a test may put another program in its place.
PROGRAM: tuple[str, ...] = IMAGEMILL
START_SECONDS = 60
# A condition is looked at often at first, and then less: to ask a busy service slows it down.
FIRST_PAUSE_SECONDS = 0.01
MAX_PAUSE_SECONDS = 0.1

# Below those that the system gives to connections: no client of a test takes one that is free now
# before the service listens on it. Test processes that run side by side have ports of their own.
_NUMBER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_PROCESSES = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
PORTS = range(12_000, 32_000)[_NUMBER::_PROCESSES]
_ports = itertools.cycle(random.sample(PORTS, len(PORTS)))


def free_port() -> int:
    return next(port for port in _ports if _is_free(port))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


@cache
def _launcher() -> Launcher:
    return Launcher()


class Service:
    """One process of `imagemill`, with its log in a file."""

    def __init__(self, arguments: list[str], environment: Mapping[str, str], log: Path) -> None:
        self.log = log
        environment = {"PATH": os.environ["PATH"], "LOG_FORMAT": "json", **environment}
        with log.open("ab") as output:
            self.process: ForkedProcess | subprocess.Popen[bytes]
            if PROGRAM == IMAGEMILL and sys.platform == "linux":
                self.process = _launcher().start(arguments, environment, output)
            else:
                self.process = subprocess.Popen(
                    [*PROGRAM, *arguments], env=environment, stdout=output, stderr=output
                )

    @property
    def pid(self) -> int:
        return self.process.pid

    def logged(self, since: int = 0) -> str:
        """Return the log after so many bytes."""
        return self.log.read_bytes()[since:].decode()

    def log_size(self) -> int:
        return self.log.stat().st_size

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self, timeout_seconds: float = 30) -> int:
        """Ask the process to stop and return its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout_seconds)


@contextmanager
def running(arguments: list[str], environment: Mapping[str, str], log: Path) -> Iterator[Service]:
    service = Service(arguments, environment, log)
    try:
        yield service
    finally:
        if service.process.poll() is None:
            service.process.terminate()
            try:
                service.process.wait(15)
            except subprocess.TimeoutExpired:
                service.kill()


@contextmanager
def running_api(environment: Mapping[str, str], log: Path) -> Iterator[tuple[Service, str]]:
    """Run a gateway and yield it with its address once it answers."""
    port = free_port()
    with running(["api", "--port", str(port)], environment, log) as service:
        wait_until(lambda: answers(service, port), "the gateway answers", service.logged)
        yield service, f"http://127.0.0.1:{port}"


@contextmanager
def running_worker(environment: Mapping[str, str], log: Path, *arguments: str) -> Iterator[Service]:
    """Run a worker and yield it once it takes jobs."""
    with running(["worker", *arguments], environment, log) as service:
        wait_until(lambda: _has_started(service), "the worker starts", service.logged)
        yield service


def wait_until(
    holds: Callable[[], bool],
    what: str,
    evidence: Callable[[], str] = str,
    timeout_seconds: float = START_SECONDS,
) -> None:
    """Return once the condition holds; fail with the evidence when it does not come."""
    until = time.monotonic() + timeout_seconds
    pause = FIRST_PAUSE_SECONDS
    while not holds():
        if time.monotonic() > until and not holds():  # it may have come while this was stopped
            raise AssertionError(f"{what}: not within {timeout_seconds} s\n{evidence()[-6000:]}")
        time.sleep(pause)
        pause = min(1.5 * pause, MAX_PAUSE_SECONDS)


def answers(service: Service, port: int) -> bool:
    """Whether the gateway on this port is up. Fails when its process has ended."""
    _require_alive(service)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _has_started(service: Service) -> bool:
    _require_alive(service)
    return "worker.started" in service.logged()


def _require_alive(service: Service) -> None:
    status = service.process.poll()
    if status is not None:
        raise AssertionError(f"the process ended with {status}\n{service.logged()[-6000:]}")
