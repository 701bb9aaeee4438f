"""Clients that are told of jobs as they change, by a real gateway and a real worker."""

from contextlib import ExitStack
from pathlib import Path

import httpx

from support.client import upload
from support.events import stream
from support.pictures import picture
from support.process import running_api, running_worker

WAIT = {"Prefer": "wait=30"}


def test_a_client_is_told_of_a_jobs_whole_life_and_the_stream_ends_with_it(
    environment: dict[str, str], tmp_path: Path, stack: ExitStack
) -> None:
    _, url = stack.enter_context(running_api(environment, tmp_path / "api.log"))
    client = stack.enter_context(httpx.Client(base_url=url, timeout=30))
    job_id = upload(client, picture())
    told = stack.enter_context(stream(client, f"/jobs/{job_id}/events"))
    first = next(told)
    stack.enter_context(running_worker(environment, tmp_path / "worker.log"))
    rest = list(told)
    assert [first.status, *(one.status for one in rest)] == ["PENDING", "PROCESSING", "COMPLETED"]
    assert {one.kind for one in (first, *rest)} == {"job"}
    history = client.get(f"/jobs/{job_id}/history").json()["events"]
    assert [one.id for one in (first, *rest)] == [str(event["id"]) for event in history]
    whole = client.get(f"/jobs/{job_id}").json()
    assert rest[-1].data == {name: whole[name] for name in whole if name != "pipeline"}


def test_an_upload_that_waits_is_answered_with_the_ended_job(
    environment: dict[str, str], tmp_path: Path, stack: ExitStack
) -> None:
    _, url = stack.enter_context(running_api(environment, tmp_path / "api.log"))
    stack.enter_context(running_worker(environment, tmp_path / "worker.log"))
    client = stack.enter_context(httpx.Client(base_url=url, timeout=60))
    answer = client.post("/upload", files={"file": picture()}, headers=WAIT)
    assert (answer.status_code, answer.json()["status"]) == (httpx.codes.OK, "COMPLETED")
    assert answer.headers["preference-applied"] == "wait=30"
    assert answer.headers["location"] == f"/jobs/{answer.json()['id']}"
