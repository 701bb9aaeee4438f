"""Services restarted one after the other under load, as a deployment does, and a gateway killed."""

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from imagemill.settings.addresses import PostgresAddress
from support.client import client_of, has_no_temporary_files, storage_of, wait_for_end
from support.pictures import picture
from support.process import Service, running_api, running_worker, wait_until
from support.servers import connect

WORKERS = 3
ROUNDS = 2
# Slow enough that workers have jobs in hand when they are told to stop.
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


@pytest.mark.timeout(400)  # eight workers start one after the other, beside other tests
def test_workers_restarted_one_after_the_other_fail_no_job_and_use_no_attempt(
    environment: dict[str, str], tmp_path: Path, stack: ExitStack
) -> None:
    _, url = stack.enter_context(running_api(environment, tmp_path / "api.log"))
    client = stack.enter_context(client_of(url, timeout=30))

    def start(name: str) -> Service:
        log = tmp_path / f"{name}.log"
        return stack.enter_context(running_worker(environment, log, "--concurrency", "1"))

    workers = [start(f"worker-{number}") for number in range(WORKERS)]
    stopped: list[Service] = []
    with load(url, clients=2 * WORKERS, wait_seconds=20, pipeline=SLOW) as accepted:
        for turn in range(ROUNDS):
            for number in range(WORKERS):
                until_it_works(workers[number])
                assert workers[number].stop() == 0
                stopped.append(workers[number])
                workers[number] = start(f"worker-{number}-{turn + 1}")
    jobs = [wait_for_end(client, job_id) for job_id in accepted]
    assert {(job["status"], job["attempts"]) for job in jobs} == {("COMPLETED", 1)}
    assert len(jobs) > WORKERS * ROUNDS
    assert sum(map(held_when_stopped, stopped))  # or the restarts hit nothing
    assert has_no_temporary_files(storage_of(environment))


def test_a_gateway_killed_under_load_leaves_no_row_without_its_file(
    environment: dict[str, str],
    postgres_address: PostgresAddress,
    tmp_path: Path,
    stack: ExitStack,
) -> None:
    storage = storage_of(environment)
    accepted: list[str] = []
    for turn in range(3):
        with running_api(environment, tmp_path / f"{turn}.log") as (service, url):
            with load(url, clients=6, wait_seconds=0) as of_this_turn:
                until_there_are_some(of_this_turn)
                service.kill()
            accepted += of_this_turn
    with connect(postgres_address) as connection:
        rows = connection.execute("SELECT id::text, input_path FROM jobs").fetchall()
    assert {job_id for job_id, _ in rows} >= set(accepted)
    assert [path for _, path in rows if not (storage / path).is_file()] == []
    _, url = stack.enter_context(running_api(environment, tmp_path / "api.log"))
    stack.enter_context(running_worker(environment, tmp_path / "worker.log"))
    client = stack.enter_context(client_of(url, timeout=30))
    assert {wait_for_end(client, job_id)["status"] for job_id, _ in rows} == {"COMPLETED"}
