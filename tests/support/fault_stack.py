"""A gateway and a spare worker without faults, beside services that have them.

Both run for a whole module, so a test starts nothing but the service that it faults. The spare
worker is frozen until a test needs it. It has no Redis: it takes no job out of the queue before it
is frozen, and sweeps PostgreSQL as soon as it goes on.
"""

import os
import random
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx

from chaos.history import examine
from chaos.load import Load
from imagemill.settings.addresses import PostgresAddress
from support.client import client_of, delete_stored_files, storage_of, upload
from support.failpoints import wait_for_failpoint, with_failpoint
from support.pictures import picture
from support.process import Service, free_port, running_api, running_worker, wait_until

# It stalls for a while on a busy machine, and is then not to reap what it works on itself.
SPARE_LEASE_SECONDS = "15"
# How often a worker may have done its jobs before it is frozen.
TRIES = 5


@dataclass(frozen=True)
class FaultStack:
    """Every service gets `environment`. Logs go into `folder`."""

    environment: dict[str, str]
    postgres: PostgresAddress
    folder: Path
    client: httpx.Client
    spare: Service
    _of_this_test: ExitStack = field(default_factory=ExitStack)

    @property
    def storage(self) -> Path:
        return storage_of(self.environment)

    @classmethod
    @contextmanager
    def running(
        cls, environment: dict[str, str], postgres: PostgresAddress, folder: Path
    ) -> Iterator["FaultStack"]:
        """Run the gateway and the spare worker until the block is left."""
        environment = environment | {"STORAGE_URL": (folder / "storage").as_uri()}
        of_spare = {"REDIS_PORT": str(free_port()), "LEASE_SECONDS": SPARE_LEASE_SECONDS}
        with (
            running_api(environment, folder / "gateway.log") as (_, url),
            client_of(url, timeout=30) as client,
            running_worker(
                environment | of_spare, folder / "spare.log", "--concurrency", "1"
            ) as spare,
        ):
            stack = cls(environment, postgres, folder, client, spare)
            stack._freeze()
            try:
                yield stack
            finally:
                stack.use_spare_worker()  # or it would hear of no signal to stop

    @contextmanager
    def of_one_test(self) -> Iterator["FaultStack"]:
        """Delete the stored files; afterwards end what was started and freeze the spare worker."""
        delete_stored_files(self.storage)
        try:
            with self._of_this_test:
                yield self
        finally:
            self._freeze()

    def use_spare_worker(self) -> None:
        """Let the spare worker take jobs and deliveries until the test ends."""
        self.spare.process.send_signal(signal.SIGCONT)

    def start_gateway(
        self, name: str = "", fault: str = "", **settings: str
    ) -> tuple[Service, str]:
        """Start another gateway, which has this fault there; return its URL too."""
        environment = with_failpoint(self.environment, name, fault) | settings
        return self._of_this_test.enter_context(running_api(environment, self._log("gateway")))

    def start_worker(self, name: str = "", fault: str = "", **settings: str) -> Service:
        """Start another worker, which has this fault there; without a name, none."""
        environment = with_failpoint(self.environment, name, fault) | settings
        log = self._log("worker")
        return self._of_this_test.enter_context(
            running_worker(environment, log, "--concurrency", "1")
        )

    def freeze_at_work(self, worker: Service, pipelines: list[str]) -> list[str]:
        """Freeze the worker while it works on new jobs, with more than half of them to do.

        Return their ids, in their order. While the machine is busy a worker may do too much before
        it is frozen, and gets other jobs then.
        """
        for _ in range(TRIES):
            worker.process.send_signal(signal.SIGSTOP)
            ids = [upload(self.client, picture(), pipeline=pipeline) for pipeline in pipelines]
            worker.process.send_signal(signal.SIGCONT)
            wait_until(partial(self._has_begun, ids), "a job is being processed", worker.logged)
            worker.process.send_signal(signal.SIGSTOP)
            statuses = self._statuses(ids)
            to_do = [status for status in statuses if status in ("PENDING", "PROCESSING")]
            if "PROCESSING" in to_do and len(to_do) > len(ids) / 2:
                return ids
            for job_id in ids:
                self.client.delete(f"/jobs/{job_id}")
        raise AssertionError(f"the worker was at work none of {TRIES} times\n{worker.logged()}")

    def wait_for_failpoint(self, service: Service, name: str, fault: str) -> None:
        """Return once the fault has struck the service there."""
        wait_for_failpoint(service, name, fault, self.postgres)

    def require_kept_promises(self, accepted: list[str]) -> None:
        """Require that each of these jobs has ended once, with its files and its outputs."""
        load = Load("", random.Random(0), good=set(accepted))
        assert examine(self.postgres, self.storage, load).broken_promises() == []

    def _statuses(self, ids: list[str]) -> list[str]:
        return [self.client.get(f"/jobs/{job_id}").json()["status"] for job_id in ids]

    def _has_begun(self, ids: list[str]) -> bool:
        return any(status != "PENDING" for status in self._statuses(ids))

    def _freeze(self) -> None:
        os.kill(self.spare.pid, signal.SIGSTOP)

    def _log(self, kind: str) -> Path:
        return self.folder / f"{kind}-{random.getrandbits(64):x}.log"
