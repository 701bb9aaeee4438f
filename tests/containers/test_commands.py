"""The commands of the documents for operators, typed in their order into a stack of their own."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from containers.client import Client
from containers.engine import ROOT, docker, run
from containers.stack import Stack
from support.keys import authorization
from support.pictures import picture
from support.process import wait_until

pytestmark = [pytest.mark.containers, pytest.mark.timeout(1800)]

DOCUMENTS = ("operating.md", "upgrading.md")
COMPOSE = "docker compose"
# Without a terminal, compose has to be told so.
NEEDS_TERMINAL = re.compile(r" (exec|run)(?!.* -T )")
ADD_ADMIN = "keys add operations --admin"


@pytest.fixture(scope="module")
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A second project on this machine, beside that of the other tests; nothing runs yet."""
    stack = Stack.prepare(tmp_path_factory.mktemp("commands"))
    try:
        yield stack
    finally:
        stack.down()


def documented() -> list[str]:
    """Return every command of compose in the documents, without the comments."""
    texts = [(ROOT / "docs" / name).read_text(encoding="utf-8") for name in DOCUMENTS]
    blocks = [block for text in texts for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL)]
    lines = [line for block in blocks for line in block.splitlines()]
    return [line.partition("   #")[0].strip() for line in lines if line.startswith(COMPOSE)]


def type_command(stack: Stack, command: str, folder: Path) -> str:
    command = NEEDS_TERMINAL.sub(r" \1 -T", command)
    return run("sh", "-c", command.replace(COMPOSE, shlex.join(stack.command)), folder=folder)


def test_every_documented_command_does_what_it_says(own_stack: Stack, tmp_path: Path) -> None:
    job_id, admin, said = "", {}, dict[str, str]()
    for command in documented():
        output = type_command(own_stack, command.replace("JOB", job_id), tmp_path)
        said[command] = output
        if f"{COMPOSE} up" in command:
            own_stack.wait_until_healthy()
        if ADD_ADMIN in command:
            admin = authorization(re.search(r"imk_[0-9a-zA-Z_]+", output)[0])  # type: ignore[index]
        if not job_id:
            with httpx.Client(base_url=own_stack.url, timeout=60) as http:
                job_id = Client(http).upload(picture(640, 480), preset="thumbnail")
                Client(http).wait(job_id)

    with httpx.Client(base_url=own_stack.url, timeout=60, headers=admin) as http:
        assert Client(http).job(job_id)["status"] == "COMPLETED"
        assert Client(http).output(job_id).size == (320, 320)
    doctor = f"{COMPOSE} exec worker imagemill doctor"
    assert said[doctor].rstrip().endswith("All is well.")
    assert "It was completed at" in said[f"{COMPOSE} exec worker imagemill explain JOB"]
    backup = "imagemill restore --check /app/backups/monday"
    assert "1 job with 2 files" in said[f"{COMPOSE} run --rm worker {backup}"]


def test_a_volume_of_another_owner_is_reported_and_the_reported_command_cures_it(
    own_stack: Stack, tmp_path: Path
) -> None:
    own_stack.compose("up", "--detach")
    own_stack.wait_until_healthy()
    own_stack.compose("stop", "api", "worker")
    api = docker(
        *("ps", "--all", "--quiet", "--filter", "label=com.docker.compose.service=api"),
        *("--filter", f"label=com.docker.compose.project={own_stack.project}"),
    ).split()[0]
    image = docker("inspect", "--format", "{{.Image}}", api).strip()
    as_root = ("run", "--rm", "--user", "root", "--volumes-from", api, "--entrypoint")
    docker(*as_root, "chown", image, "-R", "root:root", "/app/storage")
    own_stack.compose("up", "--detach", "--no-deps", "api")

    cure = "docker compose run --rm fix-permissions"
    reported = f"whose uid is 10001: as an administrator, run `{cure}`."
    wait_until(lambda: reported in docker("logs", api), "it is reported", own_stack.logs)

    type_command(own_stack, cure, tmp_path)
    own_stack.compose("up", "--detach")
    own_stack.wait_until_healthy()
