"""Services restarted one after the other under load, as a deployment does, and a gateway killed."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from support.client import client_of, has_no_temporary_files, wait_for_end
from support.fault_stack import FaultStack
from support.pictures import picture
from support.process import Service, wait_until
from support.servers import connect

WORKERS = 3
ROUNDS = 3
# Slow enough that workers have unfinished jobs when they get SIGTERM.
SLOW = json.dumps({"outputs": [{"width": 2000, "enlarge": True, "format": "webp"}]})


@contextmanager
def load(url: str, clients: int, wait_seconds: int, **fields: str) -> Iterator[list[str]]:
    """Let clients upload one picture after the other while the block runs; yield what is accepted.

    Each waits so long at most for its job to end. A client whose gateway is gone stops.
    """
    accepted: list[str] = []
    over = threading.Event()
    content = picture(800, 600)

    def send() -> None:
        prefer = {"Prefer": f"wait={wait_seconds}"}
        with client_of(url, timeout=30 + wait_seconds) as client:
            while not over.is_set():
                try:
                    answer = client.post(
                        "/upload", files={"file": content}, data=fields, headers=prefer
                    )
                except httpx.TransportError:
                    return
                assert answer.is_success, answer.text
                accepted.append(answer.json()["id"])

    threads = [threading.Thread(target=send) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield accepted
    finally:
        over.set()
        for thread in threads:
            thread.join()


def until_it_works(worker: Service) -> None:
    wait_until(lambda: "job.started" in worker.logged(), "it works", worker.logged)


def held_when_stopped(worker: Service) -> int:
    events = (json.loads(line) for line in worker.logged().splitlines())
    return sum(event["in_flight"] for event in events if event["event"] == "worker.draining")


def until_there_are_some(accepted: list[str]) -> None:
    wait_until(lambda: len(accepted) > 20, "uploads are under way")


@pytest.mark.timeout(400)  # workers start one after the other, beside other tests
@pytest.mark.long
def test_workers_restarted_one_after_the_other_fail_no_job_and_use_no_attempt(
    stack: FaultStack,
) -> None:
    def start() -> Service:
        # As an operator runs them: a job has the time to end, and no lease runs out beside others.
        return stack.start_worker(LEASE_SECONDS="60", SHUTDOWN_GRACE_SECONDS="30")

    workers = [start() for _ in range(WORKERS)]
    stopped: list[Service] = []
    url = str(stack.client.base_url)
    with load(url, clients=2 * WORKERS, wait_seconds=20, pipeline=SLOW) as accepted:
        for _ in range(ROUNDS):
            for number in range(WORKERS):
                until_it_works(workers[number])
                assert workers[number].stop() == 0
                stopped.append(workers[number])
                workers[number] = start()
    jobs = [wait_for_end(stack.client, job_id) for job_id in accepted]
    assert {(job["status"], job["attempts"]) for job in jobs} == {("COMPLETED", 1)}
    assert len(jobs) > WORKERS * ROUNDS
    assert sum(map(held_when_stopped, stopped))  # or the restarts hit nothing
    assert has_no_temporary_files(stack.storage)


@pytest.mark.parametrize("times", [1, pytest.param(3, marks=pytest.mark.long)])
def test_a_gateway_killed_under_load_leaves_no_row_without_its_file(
    stack: FaultStack, times: int
) -> None:
    accepted: list[str] = []
    for _ in range(times):
        service, url = stack.start_gateway()
        with load(url, clients=6, wait_seconds=0) as of_this_turn:
            until_there_are_some(of_this_turn)
            service.kill()
        accepted += of_this_turn
    with connect(stack.postgres) as connection:
        rows = connection.execute("SELECT id::text, input_path FROM jobs").fetchall()
    assert {job_id for job_id, _ in rows} >= set(accepted)
    assert [path for _, path in rows if not (stack.storage / path).is_file()] == []
    stack.use_spare_worker()
    assert {wait_for_end(stack.client, job_id)["status"] for job_id, _ in rows} == {"COMPLETED"}
