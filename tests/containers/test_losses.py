"""What was accepted outlives the containers that hold it."""

import json
from io import BytesIO

import pytest
from PIL import Image

from containers.client import Client
from containers.engine import docker
from containers.stack import SERVICES, Stack
from support.pictures import picture
from support.process import wait_until

pytestmark = [pytest.mark.containers, pytest.mark.timeout(1200)]

# The exit status of a process that had to be killed.
KILLED = 137


@pytest.fixture(scope="module")
def large_picture() -> bytes:
    """A picture that keeps a worker busy for seconds: noise does not compress."""
    file = BytesIO()
    Image.effect_noise((3600, 3600), 90).save(file, "JPEG", quality=90)
    return file.getvalue()


@pytest.mark.parametrize("service", ["postgres", "redis"])
def test_a_restart_of_a_server_loses_nothing(stack: Stack, client: Client, service: str) -> None:
    earlier = client.upload(picture(), preset="thumbnail")
    client.wait(earlier)

    docker("restart", stack.container(service))
    stack.up()

    assert client.job(earlier)["status"] == "COMPLETED"
    (later,) = client.wait(client.upload(picture(), preset="thumbnail"))
    assert later["status"] == "COMPLETED"


def test_a_killed_workers_jobs_end_elsewhere(
    stack: Stack, client: Client, large_picture: bytes
) -> None:
    stack.up(workers=2)
    containers = {_name(container): container for container in stack.containers("worker")}
    assert len(containers) == 2

    job_ids = [client.upload(large_picture, format="webp") for _ in range(4)]
    wait_until(lambda: any(map(client.holder, job_ids)), "a worker takes one of the jobs")
    victim = next(filter(None, map(client.holder, job_ids)))
    docker("kill", containers.pop(victim))
    held = [job_id for job_id in job_ids if client.holder(job_id) == victim]
    jobs = client.wait(*job_ids)

    assert held
    assert {job["status"] for job in jobs} == {"COMPLETED"}
    (survivor,) = containers
    assert [client.workers(job_id) for job_id in held] == [[victim, survivor]] * len(held)


def test_a_worker_that_gets_sigterm_finishes_what_it_holds(
    stack: Stack, client: Client, large_picture: bytes
) -> None:
    stack.up()
    container = stack.container("worker")

    job_id = client.upload(large_picture, format="webp")
    wait_until(lambda: client.holder(job_id) is not None, "the worker takes the job")
    docker("stop", container)

    assert _exit_status(container) == 0
    job = client.job(job_id)
    assert (job["status"], job["attempts"]) == ("COMPLETED", 1)


def test_jobs_and_pictures_outlive_every_container(stack: Stack, client: Client) -> None:
    stack.up()
    job_id = client.upload(picture(640, 480), preset="thumbnail")
    client.wait(job_id)
    containers = [stack.container(service) for service in SERVICES]

    stack.compose("stop")
    exits = {_exit_status(container) for container in containers}
    stack.compose("down")
    stack.up()

    assert KILLED not in exits
    assert client.job(job_id)["status"] == "COMPLETED"
    assert client.output(job_id).size == (320, 320)


def _name(container: str) -> str:
    """Return the name under which the container's worker claims jobs."""
    lines = docker("logs", container).splitlines()
    started = [json.loads(line) for line in lines if "worker.started" in line]
    return str(started[-1]["worker"])


def _exit_status(container: str) -> int:
    return int(docker("inspect", "--format", "{{.State.ExitCode}}", container))
