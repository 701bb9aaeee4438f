"""A gateway with a worker, for tests of clients and receivers."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from support.client import plain_client, upload
from support.pictures import picture
from support.process import PROGRAM, Service, running_api, running_worker
from support.receiver import Received, always, receiving


@dataclass(frozen=True, slots=True)
class Server:
    url: str
    worker: Service
    environment: Mapping[str, str]

    @classmethod
    @contextmanager
    def running(cls, addresses: Mapping[str, str], folder: Path) -> Iterator["Server"]:
        """Run the services, which may send webhooks to this machine, until the block is left."""
        environment = {
            **addresses,
            "STORAGE_URL": (folder / "storage").as_uri(),
            "WEBHOOK_ALLOW_PRIVATE": "true",
        }
        with (
            running_api(environment, folder / "api.log") as (_, url),
            running_worker(environment, folder / "worker.log", "--concurrency", "1") as worker,
        ):
            yield cls(url, worker, environment)

    def read_webhook_secret(self) -> str:
        """Return the secret that `imagemill webhook-secret` prints."""
        return subprocess.run(
            [*PROGRAM, "webhook-secret"],
            env={"PATH": os.environ["PATH"], **self.environment},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()

    def receive_webhook(self) -> Received:
        """Process a picture and return the webhook that its job sends."""
        with (
            receiving(always(httpx.codes.NO_CONTENT)) as receiver,
            plain_client(self.url) as client,
        ):
            upload(client, picture(), callback_url=receiver.url, metadata='{"title": "Süß ✓"}')
            return receiver.next()
