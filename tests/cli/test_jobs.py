"""`imagemill jobs` and `imagemill status`, run beside a gateway and a worker."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from imagemill.cli.gateway_address import DEFAULT_URL
from imagemill.client.connection import DEFAULT_URL as CLIENTS_DEFAULT_URL
from support.faults import busy, first
from support.faulty_proxy import run_proxy
from support.keys import Keyring
from support.pictures import picture
from support.process import free_port, running_api, wait_until
from support.terminal import run_on_terminal

from .program import PROGRAM, imagemill

DAMAGED = picture(400, 300)[:2000]
# The gateway takes control characters out of a file's name, and leaves these and other texts as is.
HOSTILE = "a\u202egpj.<b>[red]\u200b"


@pytest.fixture
def gateway(gateway_url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=gateway_url, timeout=60) as client:
        yield client


def upload(gateway: httpx.Client, content: bytes, name: str = "cat.jpg", **fields: str) -> str:
    """Upload the picture, wait until its job has ended, and return the job's id."""
    response = gateway.post(
        "/upload", files={"file": (name, content)}, data=fields, headers={"Prefer": "wait=30"}
    )
    assert response.status_code == 200, response.text
    return str(response.json()["id"])


def test_the_list_has_columns_for_scripts_and_the_newest_job_first(gateway: httpx.Client) -> None:
    completed, failed = upload(gateway, picture()), upload(gateway, DAMAGED, "dog.jpg")
    done = imagemill("jobs", "list", "--limit", 2, "--url", gateway.base_url)
    assert (done.returncode, done.stderr) == (0, "")
    first, second = (line.split("\t") for line in done.stdout.splitlines())
    assert (first[0], first[1], first[3]) == (failed, "FAILED", "dog.jpg")
    assert first[4].startswith("invalid_image: ")
    assert (second[0], second[1], second[3]) == (completed, "COMPLETED", "cat.jpg")
    assert second[2] == gateway.get(f"/jobs/{completed}").json()["created_at"][:23] + "Z"


def test_the_list_is_limited_to_a_status_and_each_line_is_the_job_as_json(
    gateway: httpx.Client,
) -> None:
    upload(gateway, picture())
    failed = upload(gateway, DAMAGED, HOSTILE, metadata=json.dumps({"text": HOSTILE}))
    arguments = ("jobs", "list", "--status", "failed", "--limit", 1, "--json")
    done = imagemill(*arguments, IMAGEMILL_URL=str(gateway.base_url))
    (line,) = done.stdout.splitlines()
    assert line.isascii()
    assert json.loads(line)["id"] == failed
    assert json.loads(line)["metadata"] == {"text": HOSTILE}


def test_what_a_client_sent_does_not_control_a_terminal(gateway: httpx.Client) -> None:
    hostile = "\x1b]0;owned\x07\x9b31m" + HOSTILE
    job = upload(gateway, DAMAGED, HOSTILE, metadata=json.dumps({"text": hostile}))
    for arguments in (("jobs", "list"), ("jobs", "show", job), ("jobs", "show", job, "--json")):
        done = imagemill(*arguments, "--url", gateway.base_url)
        assert "[red]" in done.stdout
        assert done.stdout.replace("\n", "").replace("\t", "").isprintable()


def test_show_has_files_history_and_the_reason_of_a_failure(gateway: httpx.Client) -> None:
    job = upload(gateway, picture(40, 30), preset="default")
    shown = imagemill("jobs", "show", job, "--url", gateway.base_url).stdout
    assert shown.splitlines()[0] == f"{job}  COMPLETED"
    assert "cat.jpg  image/jpeg  40x30" in shown
    assert f"{str(gateway.base_url).rstrip('/')}/jobs/{job}/outputs/image" in shown
    history = [line.split()[2] for line in shown.splitlines()[-3:]]
    assert history == ["PENDING", "PROCESSING", "COMPLETED"]


def test_watch_follows_a_job_to_its_end_and_its_status_is_that_of_the_job(
    gateway: httpx.Client,
) -> None:
    for content, status, exit_status in ((picture(), "COMPLETED", 0), (DAMAGED, "FAILED", 1)):
        job = upload(gateway, content)
        done = imagemill("jobs", "watch", job, "--url", gateway.base_url)
        assert done.returncode == exit_status
        assert done.stdout.splitlines()[-1].split("\t")[:2] == [job, status]


def test_watch_shows_all_jobs_on_a_terminal_until_it_is_interrupted(gateway: httpx.Client) -> None:
    command = [str(PROGRAM), "jobs", "watch", "--url", str(gateway.base_url)]
    with run_on_terminal(command, {"PATH": os.environ["PATH"]}) as terminal:
        wait_until(
            lambda: "imagemill_waiting_clients 1.0" in gateway.get("/metrics").text, "it listens"
        )
        job = upload(gateway, picture())
        terminal.until_shown(job)
        terminal.until_shown("COMPLETED")
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.process.wait(30) == 130
    assert "\t" not in terminal.shown
    assert "Traceback" not in terminal.shown


def test_jobs_are_retried_canceled_and_deleted_by_their_ids(gateway: httpx.Client) -> None:
    first, second, other = upload(gateway, DAMAGED), upload(gateway, DAMAGED), uuid4()
    url = ("--url", gateway.base_url)
    retried = imagemill("jobs", "retry", first, other, second, *url)
    assert retried.returncode == 1
    assert retried.stderr == f"imagemill: There is no job {other}.\n"
    assert [line.split("\t")[0] for line in retried.stdout.splitlines()] == [first, second]

    for job in (first, second):
        imagemill("jobs", "watch", job, *url)
    refused = imagemill("jobs", "cancel", first, *url)
    assert refused.returncode == 1
    assert "only a PENDING or PROCESSING job can be canceled" in refused.stderr

    deleted = imagemill("jobs", "delete", first, second, *url, "--json")
    assert deleted.returncode == 0
    assert json.loads(deleted.stdout.splitlines()[0]) == {"id": first, "status": "DELETED"}
    assert gateway.get(f"/jobs/{first}").status_code == 404


def test_a_busy_answer_ends_no_run_of_many(gateway: httpx.Client) -> None:
    ids = [upload(gateway, picture()) for _ in range(2)]
    with run_proxy(str(gateway.base_url), first(1, busy, lambda _: True)) as proxy:
        alone = imagemill("jobs", "delete", ids[0], "--url", proxy.url)
        assert (alone.returncode, alone.stdout) == (3, "")
    with run_proxy(str(gateway.base_url), first(1, busy, lambda _: True)) as proxy:
        deleted = imagemill("jobs", "delete", *ids, "--url", proxy.url)
    assert deleted.returncode == 0, deleted.stderr
    assert deleted.stdout.count("DELETED") == 2


def test_status_says_that_uploads_are_accepted_and_what_waits(gateway: httpx.Client) -> None:
    shown = imagemill("status", "--url", gateway.base_url)
    assert shown.returncode == 0
    assert shown.stdout.startswith(f"{gateway.base_url} accepts uploads\n")
    assert "  PostgreSQL  ok\n" in shown.stdout
    status = json.loads(imagemill("status", "--json", "--url", gateway.base_url).stdout)
    assert (status["is_ready"], status["parts"]["redis"]) == (True, "ok")
    assert status["workers"]["live"] >= 1
    assert status["jobs"] == {"due": 0, "delayed": 0, "processing": 0}


def test_status_says_why_uploads_are_refused(addresses: dict[str, str], tmp_path: Path) -> None:
    storage = tmp_path / "storage"
    environment = addresses | {"STORAGE_URL": storage.as_uri()}
    with running_api(environment, tmp_path / "api.log") as (_, url):
        storage.rename(tmp_path / "gone")
        refused = imagemill("status", "--url", url)
        as_json = json.loads(imagemill("status", "--url", url, "--json").stdout)
    assert refused.returncode == 1
    first, reason, *parts = refused.stdout.splitlines()
    assert first == f"{url} refuses uploads"
    assert reason.startswith("Uploads are refused: storage unavailable")
    assert "  Storage     away" in parts
    assert (as_json["is_ready"], as_json["parts"]["storage"]) == (False, "away")


def test_once_there_are_keys_a_command_needs_one(gateway: httpx.Client, keyring: Keyring) -> None:
    key = keyring.add("ci")["Authorization"].removeprefix("Bearer ")
    arguments = ("jobs", "list", "--url", gateway.base_url)
    refused = imagemill(*arguments)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "API key" in refused.stderr
    assert imagemill(*arguments, IMAGEMILL_API_KEY=key).returncode == 0
    # Its jobs are counted for admins only.
    status = json.loads(imagemill("status", *arguments[2:], "--json", "--key", key).stdout)
    assert (status["is_ready"], status["jobs"]) == (True, None)


@pytest.mark.parametrize("arguments", [["status"], ["jobs", "list"], ["jobs", "watch"]])
def test_a_gateway_that_is_not_there_is_one_sentence_and_a_status_of_its_own(
    arguments: list[str],
) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    done = imagemill(*arguments, IMAGEMILL_URL=url)
    assert done.returncode == 3
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith(f"imagemill: {url} cannot be reached: ")
    assert imagemill(*arguments, "--url", "nonsense").returncode == 2


def test_a_pipe_that_closes_ends_the_list_without_a_traceback(gateway: httpx.Client) -> None:
    upload(gateway, picture())
    done = subprocess.run(
        ["/bin/sh", "-c", f"'{PROGRAM}' jobs list --url {gateway.base_url} | true"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""


def test_the_default_address_is_that_of_the_client() -> None:
    assert DEFAULT_URL == CLIENTS_DEFAULT_URL
