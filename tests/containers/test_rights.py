"""What the processes in the containers may do: no more than they need."""

import pytest

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


def test_every_process_of_the_worker_allocates_with_jemalloc(stack: Stack) -> None:
    found = processes_of(stack, "worker")
    maps = [f"/proc/{process['Pid']}/maps" for process in found]

    said = docker("exec", stack.container("worker"), "grep", "-l", "libjemalloc", *maps)

    assert said.split() == maps
    # tini, the worker, and the image processes, for whose sake it is there
    assert len(maps) > 2
