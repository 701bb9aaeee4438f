"""The real compose file, started under a project, a port and passwords of its own."""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from containers.engine import ROOT, build_network, docker, find_compose, run
from support.process import free_port, wait_until

SERVICES: Final = ("api", "worker", "redis", "postgres")
BUILT: Final = ("api", "worker")
ALL_BUILT: Final = (*BUILT, "fix-permissions")
HEALTHY_SECONDS: Final = 120
# Short, so that a silent worker's jobs move soon.
LEASE_SECONDS: Final = 10


@dataclass(frozen=True, slots=True)
class Stack:
    """A compose project: all of its containers, volumes, networks and images carry its name."""

    project: str
    url: str
    command: tuple[str, ...]

    @classmethod
    def prepare(cls, folder: Path) -> "Stack":
        """Write the environment and the overrides of a new project into the folder."""
        project = f"imagemill-test-{secrets.token_hex(4)}"
        port = free_port()
        environment = folder / "environment"
        environment.write_text(
            f"PG_PASSWORD={secrets.token_urlsafe(24)}\n"
            f"REDIS_PASSWORD={secrets.token_urlsafe(24)}\n"
            f"API_PORT=127.0.0.1:{port}\n"
            f"POSTGRES_CONTAINER={project}-postgres\n"
            "ALLOW_ANONYMOUS=true\n"
            f"LEASE_SECONDS={LEASE_SECONDS}\n",
            encoding="utf-8",
        )
        override = folder / "override.json"  # JSON is YAML
        override.write_text(json.dumps(_override()), encoding="utf-8")
        command = (
            *find_compose(),
            *("--project-name", project, "--env-file", str(environment)),
            *("--file", str(ROOT / "docker-compose.yml"), "--file", str(override)),
        )
        return cls(project, f"http://127.0.0.1:{port}", command)

    def compose(self, *arguments: str) -> str:
        return run(*self.command, *arguments)

    def up(self, *arguments: str, workers: int = 1) -> None:
        """Start what does not run yet, and return when every container is healthy."""
        self.compose("up", "--detach", "--scale", f"worker={workers}", *arguments)
        wait_until(
            lambda: self._is_healthy(workers),
            "all containers are healthy",
            timeout_seconds=HEALTHY_SECONDS,
        )

    def down(self) -> None:
        """Remove everything, also the volumes and the images that were built."""
        self.compose("down", "--volumes", "--remove-orphans", "--rmi", "local")

    def logs(self) -> str:
        return self.compose("ps") + self.compose("logs", "--no-color", "--tail", "80")

    def containers(self, service: str) -> list[str]:
        """Return the ids of the service's containers that run."""
        return docker(
            *("ps", "--quiet"),
            *("--filter", f"label=com.docker.compose.project={self.project}"),
            *("--filter", f"label=com.docker.compose.service={service}"),
        ).split()

    def container(self, service: str) -> str:
        """Return the id of one of the service's containers."""
        return self.containers(service)[0]

    def wait_until_healthy(self) -> None:
        """Return when every container is healthy, however many workers there are."""
        wait_until(
            lambda: (
                all(self.containers(service) for service in SERVICES)
                and set(self._states()) == {"healthy"}
            ),
            "all containers are healthy",
            timeout_seconds=HEALTHY_SECONDS,
        )

    def _is_healthy(self, workers: int) -> bool:
        return self._states() == ["healthy"] * (len(SERVICES) - 1 + workers)

    def _states(self) -> list[str]:
        containers = [found for service in SERVICES for found in self.containers(service)]
        return docker("inspect", "--format", "{{.State.Health.Status}}", *containers).split()


def _override() -> dict[str, Any]:
    network = build_network()
    build = {"build": {"network": network}} if network else {}
    return {"services": dict.fromkeys(ALL_BUILT, build) if build else {}}
