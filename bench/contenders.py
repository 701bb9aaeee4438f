"""What `make bench` compares: bare libvips, libvips' thumbnail, and the service."""

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import psycopg

from bench.load import Connection, Upload, send_many, time_uploads
from bench.pictures import Task
from bench.processes import Memory, child_pids, cpu_seconds, own_cpu_seconds, read_memory
from imagemill.embedded.stack import Stack

PROCESSES: Final = 2
UPLOADS_AT_ONCE: Final = 8
POLL_SECONDS: Final = 0.02
PAUSE_SECONDS: Final = 0.03

IS_ANY_OPEN: Final = """
    SELECT EXISTS (
        SELECT FROM jobs
         WHERE status IN ('PENDING', 'PROCESSING')
           AND (%(ids)s::uuid[] IS NULL OR id = ANY(%(ids)s::uuid[])))
"""
LAST_END: Final = "SELECT extract(epoch FROM max(completed_at))::float FROM jobs"
FAILED: Final = "SELECT count(*) FROM jobs WHERE status <> 'COMPLETED'"


@dataclass(frozen=True, slots=True)
class Burst:
    """Pictures a second, and CPU milliseconds a picture by process."""

    rate: float
    cpu_ms: Mapping[str, float]


def run_bare(recipe: str, task: Task, folder: Path, processes: int = PROCESSES) -> Burst:
    """Let bare libvips make all pictures of the task."""
    found = _run_bare(recipe, task, folder, task.count, processes)
    return Burst(found["rate"], {"libvips": 1000 * found["cpu"]})


def time_bare(recipe: str, task: Task, folder: Path, count: int) -> list[float]:
    """Return the seconds that each picture takes one process."""
    return list(_run_bare(recipe, task, folder, count, 1)["durations"])


def _run_bare(recipe: str, task: Task, folder: Path, count: int, processes: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(dir=folder) as name:
        size = (str(task.width), str(task.height))
        counts = (str(count), str(processes))
        command = (sys.executable, "-m", "bench.bare", recipe, str(task.file), name, *size, *counts)
        ended = subprocess.run(command, check=True, stdout=subprocess.PIPE)  # noqa: S603 - our own
    return dict(json.loads(ended.stdout))


@dataclass(frozen=True, slots=True)
class Service:
    """The running service, the load on it, and a connection to its PostgreSQL."""

    stack: Stack
    host: str
    port: int
    postgres: psycopg.Connection

    def run(self, task: Task) -> Burst:
        """Upload all pictures of the task; the clock stops at the end of the last job."""
        upload, before, began = self._upload(task), self._cpu(), time.time()
        send_many(upload, self.port, task.count, UPLOADS_AT_ONCE)
        self._wait_for_all()
        ((ended,),) = self.postgres.execute(LAST_END).fetchall()
        after = self._cpu()
        cpu_ms = {name: 1000 * (after[name] - before[name]) / task.count for name in after}
        return Burst(task.count / (ended - began), cpu_ms)

    def time_jobs(self, task: Task, count: int) -> list[float]:
        """Return the seconds from each upload to the end of its job, one after the other."""
        upload, durations = self._upload(task), []
        with Connection.open(self.host, self.port) as connection:
            for _ in range(count):
                began = time.time()
                job_id = upload.send(connection)
                job = json.loads(connection.get(f"/jobs/{job_id}", "Prefer: wait=30"))
                durations.append(datetime.fromisoformat(job["completed_at"]).timestamp() - began)
                time.sleep(PAUSE_SECONDS)
        return durations

    def time_uploads_under_load(self, task: Task, count: int) -> list[float]:
        """Return the seconds that uploads take while the worker has this many others to render."""
        upload, are_rendered = self._upload(task), threading.Event()
        ids = send_many(upload, self.port, count, UPLOADS_AT_ONCE)

        def watch() -> None:
            while self._is_any_open(ids):
                time.sleep(POLL_SECONDS)
            are_rendered.set()

        watcher = threading.Thread(target=watch)
        watcher.start()
        durations = time_uploads(upload, self.port, are_rendered, PAUSE_SECONDS)
        watcher.join()
        self._wait_for_all()
        return durations

    def read_idle_memory(self) -> dict[str, Memory]:
        """Return the memory of the gateway, and of a worker that had one image process."""
        worker, first_child = self.stack.worker.pid, child_pids(self.stack.worker.pid)[0]
        return {
            "gateway": read_memory(self.stack.api.pid),
            "worker with one child": read_memory(worker) + read_memory(first_child),
        }

    def _upload(self, task: Task) -> Upload:
        return Upload(self.host, task.query, task.file.read_bytes())

    def _wait_for_all(self) -> None:
        while self._is_any_open(None):
            time.sleep(POLL_SECONDS)
        assert self.postgres.execute(FAILED).fetchall() == [(0,)]

    def _is_any_open(self, ids: list[str] | None) -> bool:
        """Whether any of these jobs has not ended; None: any at all."""
        return bool(self.postgres.execute(IS_ANY_OPEN, {"ids": ids}).fetchall()[0][0])

    def _cpu(self) -> dict[str, float]:
        stack = self.stack
        worker = own_cpu_seconds(stack.worker.pid)
        return {
            "gateway": cpu_seconds(stack.api.pid),
            "worker": worker,
            "children": cpu_seconds(stack.worker.pid) - worker,
            "PostgreSQL": cpu_seconds(stack.postgres.pid),
            "Valkey": cpu_seconds(stack.valkey.pid),
        }
