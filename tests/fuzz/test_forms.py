"""Two thousand damaged forms over real sockets: each is answered, and none leaves anything."""

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from conftest import Gateway
from fuzz.forms import Sent, requests
from imagemill.settings.addresses import PostgresAddress
from support.pictures import picture
from support.process import wait_until
from support.servers import connect
from support.uploads import form

COUNT = 2000
SEED = 1
CLIENTS = 8
# However busy the machine is: whoever waits for longer has been forgotten.
HANGS_SECONDS = 60
REFUSALS = {400, 413, 415, 422}


@dataclass(frozen=True, slots=True)
class Answer:
    """A request, and what was said to it: nothing, when its client had gone before it ended."""

    sent: Sent
    said: bytes

    @property
    def status(self) -> int | None:
        return int(self.said.split(b" ", 2)[1]) if self.said else None

    @property
    def job_id(self) -> str:
        return str(json.loads(self.said.partition(b"\r\n\r\n")[2])["id"])


async def answer_to(sent: Sent, host: str, port: int) -> bytes:
    """Return all that the gateway says until it closes the connection."""
    reader, writer = await asyncio.open_connection(host, port)
    answer = bytearray()
    try:
        async with asyncio.timeout(HANGS_SECONDS):
            writer.write(sent.data)
            if not sent.ends:
                writer.write_eof()
            while said := await reader.read(65536):
                answer += said
    except ConnectionError:  # it has said what it had to, and does not read the rest
        pass
    finally:
        writer.close()
    return bytes(answer)


async def send_all(work: Iterator[Sent], host: str, port: int, answers: list[Answer]) -> None:
    for sent in work:
        answers.append(Answer(sent, await answer_to(sent, host, port)))  # noqa: PERF401 - shared


def inputs(gateway: Gateway, postgres: PostgresAddress) -> set[Path]:
    """Return the inputs that the rows name; each holds what its row says."""
    with connect(postgres) as connection:
        rows = connection.execute("SELECT input_path, input ->> 'sha256' FROM jobs").fetchall()
    for path, sha256 in rows:
        assert hashlib.sha256((gateway.storage / path).read_bytes()).hexdigest() == sha256
    return {gateway.storage / path for path, _ in rows}


async def test_whatever_is_wrong_with_a_form_it_is_answered_and_leaves_nothing(
    gateway: Gateway, postgres_address: PostgresAddress
) -> None:
    before = gateway.files()
    url = urlsplit(str(gateway.client.base_url))
    work, answers = requests(COUNT, SEED), list[Answer]()
    assert url.hostname
    assert url.port
    async with asyncio.TaskGroup() as clients:
        for _ in range(CLIENTS):
            clients.create_task(send_all(work, url.hostname, url.port, answers))
    statuses = Counter(answer.status for answer in answers)
    assert statuses.total() == COUNT
    assert statuses.keys() <= {202, None} | REFUSALS, statuses
    assert [one.sent for one in answers if one.status is None and one.sent.ends] == []
    # Most damage is seen, some is not: else we damaged nothing, or refused everything.
    assert min(statuses[one] for one in (202, 400, 413, 415, 422)) > COUNT / 200, statuses
    accepted = {answer.job_id for answer in answers if answer.status == httpx.codes.ACCEPTED}
    assert len(accepted) == statuses[202]
    wait_until(
        lambda: gateway.files() == before | inputs(gateway, postgres_address),
        "there are the inputs of jobs and nothing else",
        lambda: str(gateway.files() - before - inputs(gateway, postgres_address)),
    )
    assert accepted <= {path.stem for path in inputs(gateway, postgres_address)}
    assert "Traceback" not in gateway.service.logged()
    assert gateway.client.post("/upload", **form(picture())).status_code == httpx.codes.ACCEPTED
