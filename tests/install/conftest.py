"""The wheel and the source archive, as `make dist` builds them, and the commands of documents."""

import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one wheel and one source archive."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(["/usr/bin/make", "dist", f"DIST={folder}"], cwd=ROOT, check=True)
    return folder


@pytest.fixture(scope="module")
def unpacked(dist: Path) -> Path:
    """The folder that the source archive unpacks to, in a folder of its own."""
    (archive,) = dist.glob("imagemill-*.tar.gz")
    with tarfile.open(archive) as file:
        file.extractall(dist / "sources", filter="data")
    (folder,) = (dist / "sources").iterdir()
    return folder


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An environment in which installers put all their files below a folder of the test, HOME.

    They install the versions that imagemill is tested with.
    """
    home, constraints = tmp_path / "home", str(ROOT / "constraints.txt")
    home.mkdir()
    theirs = {name: value for name, value in os.environ.items() if not is_ours(name)}
    return theirs | {
        "HOME": str(home),
        "PATH": f"{home / 'bin'}:{os.environ['PATH']}",
        "PIPX_HOME": str(home / "pipx"),
        "PIPX_BIN_DIR": str(home / "bin"),
        "PIPX_DEFAULT_PYTHON": sys.executable,
        "UV_TOOL_DIR": str(home / "uv"),
        "UV_TOOL_BIN_DIR": str(home / "bin"),
        "UV_CACHE_DIR": str(tmp_path / "cache"),
        "UV_PYTHON": sys.executable,
        "PIP_CONSTRAINT": constraints,
        "UV_CONSTRAINT": constraints,
    }


def is_ours(name: str) -> bool:
    """Return whether the variable says where something is of the environment of this test."""
    return bool(re.fullmatch(r"VIRTUAL_ENV|PYTHON.*|IMAGEMILL_.*|PG_.*|REDIS_.*", name))
