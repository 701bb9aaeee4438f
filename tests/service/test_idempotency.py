"""One key, one job: twenty uploads over two gateways, and gateways that die in the middle."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Barrier

import httpx
import pytest

from support.client import has_no_temporary_files, status_history, storage_of, wait_for_end
from support.pictures import picture
from support.process import running_api, running_worker

KEY = {"Idempotency-Key": "a-key"}
AT_ONCE = 20


def send(url: str) -> httpx.Response:
    return httpx.post(f"{url}/upload", headers=KEY, files={"file": picture()}, timeout=60)


def stored(environment: dict[str, str]) -> list[Path]:
    return [path for path in storage_of(environment).rglob("inputs/*/*") if path.is_file()]


def test_twenty_uploads_at_once_under_one_key_make_one_job(
    environment: dict[str, str], tmp_path: Path, stack: ExitStack
) -> None:
    urls = [
        stack.enter_context(running_api(environment, tmp_path / f"api-{number}.log"))[1]
        for number in range(2)
    ]
    all_are_ready = Barrier(AT_ONCE)

    def send_with_the_others(number: int) -> httpx.Response:
        all_are_ready.wait()
        return send(urls[number % 2])

    with ThreadPoolExecutor(AT_ONCE) as threads:
        answers = list(threads.map(send_with_the_others, range(AT_ONCE)))
    assert {answer.status_code for answer in answers} == {httpx.codes.ACCEPTED}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    assert len(httpx.get(f"{urls[0]}/jobs").json()["jobs"]) == 1
    assert len(stored(environment)) == 1
    assert has_no_temporary_files(storage_of(environment))


@pytest.mark.parametrize("moment", ["upload.stored", "upload.recorded"])
def test_an_upload_that_got_no_answer_and_is_sent_again_is_one_job(
    environment: dict[str, str], tmp_path: Path, stack: ExitStack, moment: str
) -> None:
    dying = environment | {"FAILPOINTS": f"{moment}=kill"}
    victim, url = stack.enter_context(running_api(dying, tmp_path / "victim.log"))
    with pytest.raises(httpx.TransportError):
        send(url)
    assert f"failpoint {moment}" in victim.logged()
    _, other = stack.enter_context(running_api(environment, tmp_path / "other.log"))
    answer = send(other)
    was_recorded = moment == "upload.recorded"
    assert answer.status_code == httpx.codes.ACCEPTED
    assert ("idempotent-replayed" in answer.headers) == was_recorded
    stack.enter_context(running_worker(environment, tmp_path / "worker.log"))
    client = stack.enter_context(httpx.Client(base_url=other))
    assert [job["id"] for job in client.get("/jobs").json()["jobs"]] == [answer.json()["id"]]
    assert wait_for_end(client, answer.json()["id"])["status"] == "COMPLETED"
    assert status_history(client, answer.json()["id"]) == ["PENDING", "PROCESSING", "COMPLETED"]
    # What was stored and never recorded is for the janitor, a day later.
    assert len(stored(environment)) == (1 if was_recorded else 2)
