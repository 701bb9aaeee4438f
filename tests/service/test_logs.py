"""What the services write into their logs: which job it is about, and no secret."""

import base64
import json
import socket
from pathlib import Path
from typing import Any

import httpx

from conftest import Gateway
from support.client import upload, wait_for_end
from support.keys import Keyring
from support.pictures import picture
from support.process import running_api, running_worker, wait_until
from support.receiver import always, receiving

Line = dict[str, Any]

# Lines about a service, or about all jobs at once.
OF_NO_JOB = {
    "gateway.starting",
    "gateway.stopped",
    "worker.started",
    "worker.draining",
    "worker.stopped",
    "jobs.swept",
}


STATUSES = ["COMPLETED", "FAILED"]
GATEWAY_EVENTS = {"job.accepted", "job.retried_by_client", "job.deleted", "request.answered"}
WORKER_EVENTS = {"job.started", "job.completed", "job.failed"}


def lines(log: Path) -> list[Line]:
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


def about_jobs(log: Path) -> list[Line]:
    return [line for line in lines(log) if line["event"] not in OF_NO_JOB]


def test_every_line_of_a_jobs_life_names_it_in_both_services(
    environment: dict[str, str], tmp_path: Path
) -> None:
    logs = (tmp_path / "api.log", tmp_path / "worker.log")
    with (
        running_api(environment, logs[0]) as (_, url),
        running_worker(environment, logs[1], "--concurrency", "1"),
        httpx.Client(base_url=url, timeout=30) as client,
    ):
        good = upload(client, picture(), width="10")
        bad = upload(client, picture()[:600], width="10")
        assert [wait_for_end(client, job_id)["status"] for job_id in (good, bad)] == STATUSES
        assert client.post(f"/jobs/{bad}/retry").is_success
        wait_for_end(client, bad)
        client.get(good_output := f"/jobs/{good}/outputs/image").raise_for_status()
        assert client.post(f"/jobs/{good}/cancel").status_code == httpx.codes.CONFLICT
        assert client.delete(f"/jobs/{good}").is_success
        assert client.get(good_output).status_code == httpx.codes.NOT_FOUND
    for log, events in zip(logs, (GATEWAY_EVENTS, WORKER_EVENTS), strict=True):
        lines_of_job = about_jobs(log)
        assert {line["event"] for line in lines_of_job} == events
        assert [line for line in lines_of_job if line.get("job_id") not in {good, bad}] == []


def answered(gateway: Gateway, since: int, count: int) -> list[Line]:
    """Return the lines about requests after so many bytes, once there are so many lines."""

    def found() -> list[Line]:
        # A line that is being written has no end yet.
        whole = gateway.service.logged(since).rpartition("\n")[0]
        lines = [json.loads(line) for line in whole.splitlines()]
        return [line for line in lines if line["event"] == "request.answered"]

    wait_until(lambda: len(found()) >= count, "the requests are logged", gateway.service.logged)
    return found()


def test_a_connections_next_request_is_not_taken_for_one_about_the_same_job(
    gateway: Gateway,
) -> None:
    since, content = gateway.service.log_size(), picture()
    head = (
        "POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    # Sent along with the first, so that the end of that is what begins it.
    pipelined = b"GET /jobs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    port = gateway.client.base_url.port
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(head.encode() + content + pipelined)
        while client.recv(65536):
            pass
    by_route = {line["route"]: line for line in answered(gateway, since, 2)}
    assert "job_id" in by_route["/upload"]
    assert "job_id" not in by_route["/jobs"]


def test_a_request_has_one_id_on_its_lines_and_its_answer(gateway: Gateway) -> None:
    client, since = gateway.client, gateway.service.log_size()
    named = client.get("/jobs/none", headers={"X-Request-Id": "from-the-proxy.7"})
    unnamed = client.get("/jobs")
    hostile = client.get("/presets", headers={"X-Request-Id": "x" * 129})
    injected = client.get("/capabilities", headers={"X-Request-Id": 'a", "level": "b'})
    assert named.headers["X-Request-Id"] == "from-the-proxy.7"
    answers = (named, unnamed, hostile, injected)
    ids = [answer.headers["X-Request-Id"] for answer in answers]
    assert all(len(one) == 32 for one in ids[1:]), ids
    assert [line["request_id"] for line in answered(gateway, since, len(ids))] == ids


def test_a_line_has_route_status_time_and_size_of_a_request_and_not_its_address(
    gateway: Gateway,
) -> None:
    since, content = gateway.service.log_size(), picture()
    answer = gateway.client.post(
        "/upload?width=10", content=content, headers={"Content-Type": "image/jpeg"}
    )
    gateway.client.get("/nothing/here?key=topsecret")
    upload_line, lost = answered(gateway, since, 2)
    assert (upload_line["method"], upload_line["route"], upload_line["status"]) == (
        "POST",
        "/upload",
        202,
    )
    assert upload_line["received_bytes"] == len(content)
    assert upload_line["sent_bytes"] == len(answer.content)
    assert 0 < upload_line["seconds"] < 60
    assert (lost["route"], lost["status"]) == ("unmatched", 404)
    assert "topsecret" not in gateway.service.logged(since)


def test_no_secret_is_in_any_line_of_a_full_run(
    environment: dict[str, str], keyring: Keyring, tmp_path: Path
) -> None:
    webhook_secret = base64.b64encode(b"a secret of webhooks, long enough").decode()
    adjusted = environment | {
        "LOG_LEVEL": "debug",
        "WEBHOOK_SECRET": f"whsec_{webhook_secret}",
        "WEBHOOK_ALLOW_PRIVATE": "true",
        "FAILPOINTS": "upload.recorded=error",
    }
    shown = keyring.add("ci")
    key = shown["Authorization"].rpartition("_")[2]
    with (
        receiving(always(204)) as receiver,
        running_api(adjusted, tmp_path / "api.log") as (_, url),
        running_worker(adjusted, tmp_path / "worker.log", "--concurrency", "1"),
        httpx.Client(base_url=url, headers=shown, timeout=30) as client,
    ):
        bug = httpx.post(
            f"{url}/upload",
            headers=client.headers,
            files={"file": ("x.jpg", picture())},
            timeout=30,
        )
        assert bug.status_code == httpx.codes.INTERNAL_SERVER_ERROR
        job_id = upload(client, picture(), callback_url=f"{receiver.url}?token=t0ps3cret")
        wait_for_end(client, job_id)
        signed = receiver.next().headers["webhook-signature"]
        terms = {"expires_in": 60}
        link = client.post(f"/jobs/{job_id}/outputs/image/link", json=terms).json()["url"]
        client.get(link).raise_for_status()
        signature = httpx.URL(link).params["signature"]
        client.get(link.replace("expires=", "expires=1"))
    written = "".join(
        (tmp_path / name).read_text(encoding="utf-8") for name in ("api.log", "worker.log")
    )
    assert "FailpointReached" in written  # a traceback, which could show variables
    secrets = (environment["PG_PASSWORD"], environment["REDIS_PASSWORD"])
    for secret in (*secrets, webhook_secret, key, signature, signed, "t0ps3cret"):
        assert secret
        assert secret not in written
