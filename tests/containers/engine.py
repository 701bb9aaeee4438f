"""The container engine of this machine, by its commands."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]


def run(*command: str, folder: Path = ROOT) -> str:
    """Run a command in the folder, by default the repository, and return what it prints."""
    ended = _ended(*command, folder=folder)
    if ended.returncode:
        raise AssertionError(f"{' '.join(command)} failed\n{ended.stdout[-8000:]}")
    return ended.stdout


def run_in_vain(*command: str) -> str:
    """Run a command that has to fail and return what it prints."""
    ended = _ended(*command)
    assert ended.returncode != 0, ended.stdout
    return ended.stdout


def docker(*arguments: str) -> str:
    return run("docker", *arguments)


@cache
def find_compose() -> tuple[str, ...]:
    """Return the command of compose, second version or first. Without one, the test fails."""
    needed = "This test needs a container engine that runs and that `docker` reaches"
    if not _works("docker", "info"):
        pytest.fail(f"{needed}: `docker info` fails.", pytrace=False)
    for command in (("docker", "compose"), ("docker-compose",)):
        if _works(*command, "version"):
            return command
    pytest.fail(f"{needed}, with `docker compose` or `docker-compose`.", pytrace=False)


def build_network() -> str | None:
    """Return the network to build images in, for a machine whose default one leads nowhere."""
    return os.environ.get("IMAGEMILL_BUILD_NETWORK")


def _works(*command: str) -> bool:
    return shutil.which(command[0]) is not None and _ended(*command).returncode == 0


def _ended(*command: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def _environment() -> dict[str, str]:
    """Return this process's environment without what docker-compose.yml would take from it."""
    kept = {name: value for name, value in os.environ.items() if name.startswith("DOCKER_")}
    kept |= {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    # BuildKit asks for a right of its own to build in another network.
    return kept | ({"DOCKER_BUILDKIT": "0"} if build_network() else {})
