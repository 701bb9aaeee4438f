"""Workers that run, stop in order, and die: who sees it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from conftest import Gateway
from support.client import upload
from support.keys import Keyring
from support.pictures import picture
from support.process import running_worker, wait_until

from .test_metrics import scrape


def workers(client: httpx.Client) -> list[dict[str, Any]]:
    answer = client.get("/workers")
    assert answer.status_code == httpx.codes.OK, answer.text
    return list(answer.json()["workers"])


def doctors_finding(environment: dict[str, str]) -> tuple[int, dict[str, Any]]:
    """Return the doctor's exit status, and its finding on the workers."""
    ended = subprocess.run(
        [sys.executable, "-m", "imagemill", "doctor", "--json"],
        env={"PATH": "", **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    findings = [
        one for section in json.loads(ended.stdout)["sections"] for one in section["findings"]
    ]
    return ended.returncode, next(one for one in findings if one["subject"] == "workers")


def ids(client: httpx.Client) -> set[str]:
    return {one["id"] for one in workers(client)}


def listed_until_it_stops(gateway: Gateway, log: Path) -> tuple[list[dict[str, Any]], bool]:
    """Run one more worker; return all that are listed meanwhile, and whether it went in order.

    PostgreSQL gets two seconds to remove its row, which then stays if the machine is too busy.
    """
    before = ids(gateway.client)
    with running_worker(gateway.environment, log, "--concurrency", "1") as stopped:
        wait_until(lambda: ids(gateway.client) > before, "it is listed", stopped.logged)
        listed = workers(gateway.client)
        assert stopped.stop() == 0
    is_removed = "worker.not_removed" not in stopped.logged()
    assert not is_removed or ids(gateway.client) == before
    return listed, is_removed


def test_workers_are_listed_until_they_stop_in_order(gateway: Gateway, tmp_path: Path) -> None:
    first = running_worker(gateway.environment, tmp_path / "a.log", "--concurrency", "2")
    with first as other:
        wait_until(lambda: len(workers(gateway.client)) == 1, "it is listed", other.logged)
        for number in range(3):
            listed, is_removed = listed_until_it_stops(gateway, tmp_path / f"b{number}.log")
            if is_removed:
                break
    assert is_removed
    assert {one["status"] for one in listed} == {"live"}
    assert {one["concurrency"] for one in listed} == {1, 2}
    assert {one["version"] for one in listed} == {"0.1.0"}


def test_killed_workers_are_missed(gateway: Gateway, tmp_path: Path) -> None:
    # A lease of a second, so that a silent worker is missed after a second.
    environment = gateway.environment | {"LEASE_SECONDS": "1"}
    client = gateway.client
    with running_worker(environment, tmp_path / "worker.log") as killed:
        wait_until(lambda: len(workers(client)) == 1, "it is listed", killed.logged)
        (left,) = workers(client)
        killed.kill()
    wait_until(lambda: workers(client)[0]["status"] == "lost", "its death is seen", killed.logged)
    job_id = upload(client, picture())

    assert "no worker runs, start one" in client.get(f"/jobs/{job_id}/explain").json()["summary"]
    status, finding = doctors_finding(environment)
    assert (status, finding["verdict"]) == (1, "bad")
    assert finding["sentence"].startswith("No worker runs; 1 worker was lost")
    assert finding["facts"] == {"live": 0, "lost": [left["id"]]}
    wait_until(
        lambda: scrape(client.base_url)["imagemill_workers,state=lost"] == 1,
        "the metrics say so, when those of the last seconds are no longer cached",
    )
    assert scrape(client.base_url)["imagemill_workers,state=live"] == 0


def test_the_command_explains_a_job_as_the_route_does(gateway: Gateway) -> None:
    job_id = upload(gateway.client, picture())
    command = [sys.executable, "-m", "imagemill", "explain"]

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        environment = {"PATH": "", **gateway.environment}
        return subprocess.run(
            [*command, *arguments], env=environment, capture_output=True, text=True, check=False
        )

    found, unknown = run(job_id), run(str(UUID(int=7)))
    as_json = json.loads(run(job_id, "--json").stdout)
    assert as_json == gateway.client.get(f"/jobs/{job_id}/explain").json()
    assert (found.returncode, found.stdout) == (
        0,
        "It is next in the queue; no worker runs, start one.\n",
    )
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert unknown.stderr == f"imagemill: There is no job {UUID(int=7)}.\n"


def test_only_an_admin_sees_the_workers(gateway: Gateway, keyring: Keyring) -> None:
    plain, admin = keyring.add("ci"), keyring.add("boss", is_admin=True)
    refused = gateway.client.get("/workers", headers=plain)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/forbidden")
    assert gateway.client.get("/workers", headers=admin).json() == {"workers": []}
