"""What the processes in the containers may do: no more than they need."""

import pytest

from containers.client import Client
from containers.engine import docker, run_in_vain
from containers.processes import Process, processes
from containers.stack import BUILT, SERVICES, Stack

pytestmark = [pytest.mark.containers, pytest.mark.timeout(1200)]

NONE = "0000000000000000"


def processes_of(stack: Stack, service: str) -> list[Process]:
    # postgres' container would let us in as root.
    found = processes(stack.container(service), "postgres" if service == "postgres" else "")
    assert found
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_no_process_is_roots(stack: Stack, service: str) -> None:
    for process in processes_of(stack, service):
        assert "0" not in process["Uid"].split(), process["Name"]


def test_api_and_worker_are_one_user(stack: Stack) -> None:
    users = {process["Uid"] for service in BUILT for process in processes_of(stack, service)}

    assert {uid for user in users for uid in user.split()} == {"10001"}


@pytest.mark.parametrize("service", SERVICES)
def test_no_process_has_a_capability_or_can_gain_one(stack: Stack, service: str) -> None:
    for process in processes_of(stack, service):
        assert process["CapEff"] == NONE, process["Name"]
        assert process["NoNewPrivs"] == "1", process["Name"]


@pytest.mark.parametrize("service", ["api", "worker", "redis"])
def test_the_root_file_system_is_read_only(stack: Stack, service: str) -> None:
    said = run_in_vain("docker", "exec", stack.container(service), "touch", "/probe")

    assert "Read-only file system" in said


@pytest.mark.parametrize(("writer", "reader"), [("api", "worker"), ("worker", "api")])
def test_what_one_service_stores_the_other_may_change(
    stack: Stack, writer: str, reader: str
) -> None:
    path = f"/app/storage/from-{writer}"
    docker("exec", stack.container(writer), "sh", "-c", f"echo one > {path}")

    said = docker(
        "exec", stack.container(reader), "sh", "-c", f"echo two >> {path}; cat {path}; rm {path}"
    )

    assert said == "one\ntwo\n"


def test_only_the_api_publishes_a_port(stack: Stack) -> None:
    published = {service: docker("port", stack.container(service)) for service in SERVICES}

    assert published.pop("api").startswith("8000/tcp")
    assert set(published.values()) == {""}


ASK_WORKER = """
from urllib.request import urlopen
print(urlopen("http://127.0.0.1:8081/healthz").read())
"""


def test_image_processes_are_shut_in(stack: Stack, client: Client) -> None:
    said = docker("exec", stack.container("worker"), "python", "-c", ASK_WORKER)

    assert "sandbox full: landlock abi " in said
    assert client.http.get("/readyz").json()["sandbox"].startswith("full: landlock abi ")
    filters = {int(process["Seccomp_filters"]) for process in processes_of(stack, "worker")}
    assert len(filters) > 1  # the engine's own, and one more around image processes


# Those of the worker keep their memory to themselves; this one is like them, and lets us look.
SHOW_IMAGE_PROCESS = """
import asyncio
from datetime import timedelta
from pathlib import Path
from imagemill.imaging.limits import Limits
from imagemill.imaging.sandbox.sandbox import Confinement, Sandbox

async def show():
    limits = Limits(1, 1, timedelta(minutes=1), 2**30)
    async with Sandbox.open(1, limits, Confinement("off")) as sandbox:
        print(Path("/proc", str(sandbox._pool._slots[0].process.pid), "maps").read_text())

asyncio.run(show())
"""


@pytest.mark.parametrize("show", [("cat", "/proc/1/maps"), ("python", "-c", SHOW_IMAGE_PROCESS)])
def test_the_processes_of_the_worker_allocate_with_jemalloc(
    stack: Stack, show: tuple[str, ...]
) -> None:
    assert "libjemalloc" in docker("exec", stack.container("worker"), *show)
