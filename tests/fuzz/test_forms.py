"""Damaged forms over real sockets: each gets a response, none leaves a file."""

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from conftest import Gateway
from fuzz.forms import RawRequest, requests
from imagemill.settings.addresses import PostgresAddress
from support.pictures import picture
from support.process import wait_until
from support.servers import connect
from support.uploads import form

SEED = 1
CLIENTS = 8
# Long enough for a busy machine.
RESPONSE_TIMEOUT_SECONDS = 60
REJECTIONS = {400, 413, 415, 422}


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its response, which is empty if the client left before the request ended."""

    request: RawRequest
    response: bytes

    @property
    def status(self) -> int | None:
        return int(self.response.split(b" ", 2)[1]) if self.response else None

    @property
    def job_id(self) -> str:
        return str(json.loads(self.response.partition(b"\r\n\r\n")[2])["id"])


async def send(request: RawRequest, host: str, port: int) -> bytes:
    """Return all that the gateway sends until it closes the connection."""
    reader, writer = await asyncio.open_connection(host, port)
    response = bytearray()
    try:
        async with asyncio.timeout(RESPONSE_TIMEOUT_SECONDS):
            writer.write(request.data)
            if not request.ends:
                writer.write_eof()
            while read := await reader.read(65536):
                response += read
    except ConnectionError:  # it has responded, and does not read the rest
        pass
    finally:
        writer.close()
    return bytes(response)


async def send_all(
    work: Iterator[RawRequest], host: str, port: int, exchanges: list[Exchange]
) -> None:
    for request in work:
        exchanges.append(Exchange(request, await send(request, host, port)))  # noqa: PERF401 - shared


def inputs(gateway: Gateway, postgres: PostgresAddress) -> set[Path]:
    """Return the inputs that the rows name, after checking their digests."""
    with connect(postgres) as connection:
        rows = connection.execute("SELECT input_path, input ->> 'sha256' FROM jobs").fetchall()
    for path, sha256 in rows:
        assert hashlib.sha256((gateway.storage / path).read_bytes()).hexdigest() == sha256
    return {gateway.storage / path for path, _ in rows}


@pytest.mark.parametrize("count", [600, pytest.param(4000, marks=pytest.mark.long)])
async def test_a_damaged_form_gets_a_response_and_leaves_no_file(
    gateway: Gateway, postgres_address: PostgresAddress, count: int
) -> None:
    before = gateway.files()
    url = urlsplit(str(gateway.client.base_url))
    work, exchanges = requests(count, SEED), list[Exchange]()
    assert url.hostname
    assert url.port
    async with asyncio.TaskGroup() as clients:
        for _ in range(CLIENTS):
            clients.create_task(send_all(work, url.hostname, url.port, exchanges))
    statuses = Counter(exchange.status for exchange in exchanges)
    assert statuses.total() == count
    assert statuses.keys() <= {202, None} | REJECTIONS, statuses
    assert [one.request for one in exchanges if one.status is None and one.request.ends] == []
    # Most damage is detected, some is not: else nothing was damaged, or everything rejected.
    assert min(statuses[one] for one in (202, 400, 413, 415, 422)) > count / 200, statuses
    accepted = {one.job_id for one in exchanges if one.status == httpx.codes.ACCEPTED}
    assert len(accepted) == statuses[202]
    wait_until(
        lambda: gateway.files() == before | inputs(gateway, postgres_address),
        "there are the inputs of jobs and nothing else",
        lambda: str(gateway.files() - before - inputs(gateway, postgres_address)),
    )
    assert accepted <= {path.stem for path in inputs(gateway, postgres_address)}
    assert "Traceback" not in gateway.service.logged()
    assert gateway.client.post("/upload", **form(picture())).status_code == httpx.codes.ACCEPTED
