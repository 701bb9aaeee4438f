"""`imagemill up` run as a subprocess, with stand-ins for the gateway and the worker."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

from imagemill.embedded.child import LAUNCHER
from support.process import free_port, wait_until

SCRIPT = Path(__file__).with_name("run_up.py")


class UpProcess:
    """One run of `imagemill up` on `folder/data`."""

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        user: str = "",
        worker: tuple[str, ...] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.port = port or free_port()
        self.data = folder / "data"
        self.journal = folder / "journal"
        self.log = folder / "up.log"
        self.stand_ins = ("api",) if worker else ("worker", "api")
        # As another user through the launcher, so that it can still read this interpreter.
        launch = (sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()), "9", user, "/")
        command = (sys.executable, str(SCRIPT), str(self.data), str(self.port), str(self.journal))
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [*(launch if user else ()), *command, *worker],
                env=os.environ | dict(environment or {}),
                stdout=output,
                stderr=output,
            )

    def logged(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def until_logged(self, text: str, times: int = 1) -> None:
        wait_until(lambda: self.logged().count(text) >= times, text, self.logged)

    def until_ready(self) -> None:
        self.until_logged(f"imagemill is ready at http://127.0.0.1:{self.port}")
        # Ready means that uploads are accepted: the worker may still be starting.
        wait_until(
            lambda: all(f"{each} started" in self.journaled() for each in self.stand_ins),
            "the stand-ins start",
            self.logged,
        )

    def journaled(self) -> str:
        """Return what the stand-ins wrote; empty before one has started."""
        return self.journal.read_text(encoding="utf-8") if self.journal.exists() else ""

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def child(self, part_of_command: str) -> psutil.Process:
        """Return the direct child whose command line contains the text."""
        own = psutil.Process(self.process.pid).children()
        return next(one for one in own if part_of_command in " ".join(one.cmdline()))

    def stop(self, which: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(which)
        return self.process.wait(60)

    def uri(self, scheme: str) -> str:
        """Return the last printed address with the scheme."""
        return next(
            word for word in reversed(self.logged().split()) if word.startswith(f"{scheme}://")
        )


@contextmanager
def stop_at_end(stack: UpProcess) -> Iterator[UpProcess]:
    """Stop the run and kill its children at the end of the block."""
    try:
        yield stack
    finally:
        if stack.process.poll() is None:
            left = stack.children()
            stack.process.terminate()
            try:
                stack.process.wait(30)
            finally:
                stack.process.kill()
                stack.process.wait()
                kill(left)


@contextmanager
def running_up(folder: Path) -> Iterator[UpProcess]:
    """Start a run and yield it once it is ready."""
    with stop_at_end(UpProcess(folder)) as stack:
        stack.until_ready()
        yield stack


def add_key(data: Path) -> str:
    """Add a key by the command, with no environment that says where PostgreSQL is."""
    made = subprocess.run(
        [sys.executable, "-m", "imagemill", "keys", "add", "ci", "--data", str(data)],
        env={"PATH": os.environ["PATH"], "PG_HOST": "elsewhere.invalid"},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return made.stdout.strip()


def kill(processes: list[psutil.Process]) -> None:
    for process in processes:
        if process.is_running():
            process.kill()
