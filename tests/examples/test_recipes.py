"""The recipes of docs/recipes.md, run with a real server as they stand there."""

import json
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from examples.blocks import code_blocks
from imagemill.client import Client, Job
from support.client import NO_CERTIFICATES
from support.pictures import picture
from support.server import Server

RECIPES = [
    "Avatars",
    "Product photos",
    "Sizes for every screen",
    "Removing metadata",
    "Moderation by webhook",
]
SECRET = f"whsec_{'b3Ro' * 8}"


@pytest.fixture(scope="module")
def server(addresses: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server.running(addresses, tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    with Client(server.url, verify=NO_CERTIFICATES) as client:
        yield client


def cook(recipe: str, server: Server, client: Client, folder: Path) -> Job:
    """Run the command of the recipe with its pipeline, and return the job once it has ended."""
    (pipeline,) = code_blocks("recipes.md", recipe, "json")
    (command,) = code_blocks("recipes.md", recipe, "sh")
    (name,) = re.findall(r"pipeline=@(\S+)", command)
    (folder / name).write_text(pipeline, encoding="utf-8")
    (folder / "cat.jpg").write_bytes(picture(640, 480))
    command = command.replace("http://127.0.0.1:8000", server.url)
    command = command.replace("example.com", "receiver.invalid").replace("curl ", "curl -sS ", 1)
    done = subprocess.run(
        ["/bin/bash", "-ec", command], cwd=folder, capture_output=True, text=True, check=False
    )
    answer = json.loads(done.stdout)
    assert "id" in answer, answer
    job = client.wait(answer["id"]).require_completed()
    asked = json.loads(pipeline)
    assert [output.name for output in job.outputs] == [one["name"] for one in asked["outputs"]]
    assert set(job.analysis or {}) == set(asked.get("analyze", []))
    return job


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_makes_every_output_that_it_names(
    recipe: str, server: Server, client: Client, tmp_path: Path
) -> None:
    cook(recipe, server, client, tmp_path)


def test_the_picture_element_names_outputs_of_its_pipeline() -> None:
    (html,) = code_blocks("recipes.md", RECIPES[2], "html")
    (pipeline,) = code_blocks("recipes.md", RECIPES[2], "json")
    named = re.findall(r"/pictures/([\w-]+)\.(\w+)(?: (\d+)w)?", html)
    asked = {one["name"]: one for one in json.loads(pipeline)["outputs"]}
    assert {name for name, _, _ in named} == asked.keys()
    for name, suffix, width in named:
        assert asked[name]["format"].replace("jpeg", "jpg") == suffix
        assert width in {"", str(asked[name]["width"])}


@pytest.mark.parametrize("is_acceptable", [True, False])
def test_moderation_publishes_what_is_acceptable_and_deletes_the_rest(
    server: Server,
    client: Client,
    tmp_path: Path,
    is_acceptable: bool,  # noqa: FBT001
) -> None:
    job = cook(RECIPES[4], server, client, tmp_path)
    data = httpx.get(f"{server.url}/jobs/{job.id}", verify=NO_CERTIFICATES, timeout=30).json()
    now = datetime.now(UTC)
    body = json.dumps({"type": "job.completed", "timestamp": now.isoformat(), "data": data})
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(SECRET).sign("msg_1", now, body),
    }
    (code,) = code_blocks("recipes.md", RECIPES[4], "python")
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102
    published: dict[int, bytes] = {}
    names["receive"](
        headers,
        body.encode(),
        SECRET,
        server.url,
        lambda picture, _phash: is_acceptable and picture.startswith(b"\xff\xd8"),
        published.__setitem__,
    )
    assert set(published) == ({42} if is_acceptable else set())
    status = httpx.get(
        f"{server.url}/jobs/{job.id}", verify=NO_CERTIFICATES, timeout=30
    ).status_code
    assert status == (200 if is_acceptable else 404)
