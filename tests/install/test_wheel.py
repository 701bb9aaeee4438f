"""The wheel and the source archive, installed as a user does who has no checkout."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from .conftest import ROOT
from .shell import run_shell

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

README = (ROOT / "README.md").read_text(encoding="utf-8")
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


@dataclass(frozen=True)
class Installer:
    """A command that installs a requirement, and where `imagemill` is then, below HOME."""

    command: str
    program: str = "bin/imagemill"


INSTALLERS = {
    "pip": Installer("python3 -m venv venv && venv/bin/pip install", "venv/bin/imagemill"),
    "uv": Installer("uv tool install"),
    "pipx": Installer("pipx install"),
}


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of uv and pipx, if pip can install them."""
    folder = tmp_path_factory.mktemp("tools")
    pip = f"'{sys.executable}' -m venv '{folder}' && '{folder}/bin/pip' install uv pipx"
    if run_shell(pip, folder, os.environ).returncode != 0:
        pytest.skip("uv and pipx cannot be installed here")
    return folder / "bin"


@pytest.fixture
def environment_with_tools(environment: dict[str, str], tools: Path) -> dict[str, str]:
    return environment | {"PATH": f"{environment['PATH']}:{tools}"}


def run(command: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return run_shell(command, Path(environment["HOME"]), environment)


@pytest.mark.parametrize("name", INSTALLERS)
def test_a_bare_install_says_how_to_complete_it_and_then_the_demo_runs(
    name: str, dist: Path, environment_with_tools: dict[str, str]
) -> None:
    installer, environment = INSTALLERS[name], environment_with_tools
    (wheel,) = dist.glob("*.whl")
    installed = run(f"{installer.command} '{wheel}'", environment)
    assert installed.returncode == 0, installed.stderr
    assert run(f"{installer.program} --version", environment).stdout == f"imagemill {VERSION}\n"

    refused = run(f"{installer.program} up", environment)
    assert refused.returncode == 1
    (sentence,) = refused.stderr.splitlines()
    said = "imagemill: PostgreSQL and Valkey are not installed; install them with: "
    assert sentence.startswith(said)

    completed = run(sentence.removeprefix(said), environment)
    assert completed.returncode == 0, completed.stderr
    demo = run(f"{installer.program} demo", environment)
    assert demo.returncode == 0, demo.stderr
    assert "COMPLETED" in demo.stdout
    # The advice at its end names a program that a shell finds.
    advised = demo.stdout.split("To keep the stack running: ")[1].removesuffix(" up\n")
    assert run(f"{advised} --version", environment).stdout == f"imagemill {VERSION}\n"


@pytest.mark.parametrize("name", INSTALLERS)
def test_the_readmes_command_installs_all_of_it(
    name: str, dist: Path, environment_with_tools: dict[str, str]
) -> None:
    environment = environment_with_tools
    (wheel,) = dist.glob("*.whl")
    shutil.copy(wheel, environment["HOME"])
    pattern = rf"^{re.escape(INSTALLERS[name].command)} '\S+\[embedded\]'"
    (command,) = re.findall(pattern, README, re.MULTILINE)
    program = INSTALLERS[name].program
    for each in (command, f"{program} sample > cat.jpg", f"{program} process cat.jpg --out small"):
        done = run(each, environment)
        assert done.returncode == 0, f"{each}\n{done.stderr}"
    result = Path(environment["HOME"]) / "small" / "cat.webp"
    assert result.read_bytes()[8:12] == b"WEBP"


def test_the_source_archive_builds_the_same_wheel(dist: Path, unpacked: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", dist / "again"],
        cwd=unpacked,
        check=True,
    )
    (wheel,) = dist.glob("*.whl")
    assert contents(dist / "again" / wheel.name) == contents(wheel)


def test_the_wheel_holds_the_package_and_nothing_of_the_checkout(dist: Path) -> None:
    (wheel,) = dist.glob("*.whl")
    folders = {name.split("/")[0] for name in contents(wheel)}
    assert folders == {"imagemill", f"imagemill-{VERSION}.dist-info"}
    assert "imagemill/postgres/migrations/0001_schema.sql" in contents(wheel)


def contents(wheel: Path) -> dict[str, int]:
    """Return the checksums of the files in the wheel by their names."""
    with zipfile.ZipFile(wheel) as archive:
        return {one.filename: one.CRC for one in archive.infolist()}
