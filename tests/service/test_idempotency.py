"""One key, one job: twenty uploads over two gateways, and gateways that die in the middle."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import httpx
import pytest

from support.client import has_no_temporary_files, status_history, wait_for_end
from support.fault_stack import FaultStack
from support.pictures import picture

KEY = {"Idempotency-Key": "a-key"}
AT_ONCE = 20


def send(url: httpx.URL | str) -> httpx.Response:
    address = httpx.URL(url).join("/upload")
    return httpx.post(address, headers=KEY, files={"file": picture()}, timeout=60)


def stored(storage: Path) -> list[Path]:
    return [path for path in storage.rglob("inputs/*/*") if path.is_file()]


def test_twenty_uploads_at_once_under_one_key_make_one_job(stack: FaultStack) -> None:
    urls: list[httpx.URL | str] = [stack.client.base_url, stack.start_gateway()[1]]
    all_are_ready = Barrier(AT_ONCE)

    def send_with_the_others(number: int) -> httpx.Response:
        all_are_ready.wait()
        return send(urls[number % 2])

    with ThreadPoolExecutor(AT_ONCE) as threads:
        answers = list(threads.map(send_with_the_others, range(AT_ONCE)))
    assert {answer.status_code for answer in answers} == {httpx.codes.ACCEPTED}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    assert len(stack.client.get("/jobs").json()["jobs"]) == 1
    assert len(stored(stack.storage)) == 1
    assert has_no_temporary_files(stack.storage)


@pytest.mark.parametrize("moment", ["upload.stored", "upload.recorded"])
def test_an_upload_that_got_no_answer_and_is_sent_again_is_one_job(
    stack: FaultStack, moment: str
) -> None:
    client = stack.client
    victim, url = stack.start_gateway(moment, "kill")
    with pytest.raises(httpx.TransportError):
        send(url)
    assert f"failpoint {moment}" in victim.logged()
    answer = send(client.base_url)
    was_recorded = moment == "upload.recorded"
    assert answer.status_code == httpx.codes.ACCEPTED
    assert ("idempotent-replayed" in answer.headers) == was_recorded
    stack.use_spare_worker()
    assert [job["id"] for job in client.get("/jobs").json()["jobs"]] == [answer.json()["id"]]
    assert wait_for_end(client, answer.json()["id"])["status"] == "COMPLETED"
    assert status_history(client, answer.json()["id"]) == ["PENDING", "PROCESSING", "COMPLETED"]
    # What was stored and never recorded is for the janitor, a day later.
    assert len(stored(stack.storage)) == (1 if was_recorded else 2)
