"""Slow clients: their requests time out, and leave nothing behind."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from conftest import Gateway
from imagemill.settings.addresses import PostgresAddress
from support import process
from support.pictures import picture
from support.process import running_api, wait_until
from support.servers import connect
from support.uploads import RAW
from support.wire import head, open_socket, read_until_closed, stays_open

TIMEOUT_SECONDS = 1.5
# Longer than a busy machine stalls.
PATIENCE_SECONDS = 10.0
PIECE_SECONDS = 1.0
WAITING_CLIENTS = "imagemill_waiting_clients"


@pytest.fixture(scope="module")
def impatient(
    addresses: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("impatient")
    environment = addresses | {
        "STORAGE_URL": (folder / "storage").as_uri(),
        "HEADER_TIMEOUT_SECONDS": str(TIMEOUT_SECONDS),
        "BODY_TIMEOUT_SECONDS": str(TIMEOUT_SECONDS),
        "IDLE_TIMEOUT_SECONDS": str(TIMEOUT_SECONDS),
    }
    with (
        running_api(environment, folder / "api.log") as (service, url),
        # A connection a request: the gateway does not keep any for long.
        httpx.Client(base_url=url, timeout=30, headers={"Connection": "close"}) as client,
    ):
        yield Gateway(client, folder / "storage", service, environment)


@pytest.fixture(scope="module")
def patient(impatient: Gateway) -> Iterator[Gateway]:
    """A gateway beside it, on the same storage, that takes no stalling client for a slow one."""
    log = impatient.storage.with_name("patient.log")
    environment = impatient.environment | {
        "HEADER_TIMEOUT_SECONDS": str(PATIENCE_SECONDS),
        "BODY_TIMEOUT_SECONDS": str(PATIENCE_SECONDS),
        "IDLE_TIMEOUT_SECONDS": str(6 * PATIENCE_SECONDS),
    }
    with (
        running_api(environment, log) as (service, url),
        httpx.Client(base_url=url, timeout=30) as client,
    ):
        yield Gateway(client, impatient.storage, service, environment)


@pytest.fixture
def connection(impatient: Gateway) -> Iterator[socket.socket]:
    with open_socket(str(impatient.client.base_url)) as connection:
        yield connection


def answered_while_dribbling(connection: socket.socket, content: bytes, seconds: float) -> bool:
    """Send byte by byte, so many seconds between them; return whether an answer came meanwhile."""
    for number in range(len(content)):
        if not stays_open(connection, seconds):
            return True
        connection.send(content[number : number + 1])
    return False


def upload_of(size: int) -> bytes:
    return head("POST", "/upload", Content_Type="image/jpeg", Content_Length=size)


def test_a_connection_that_says_nothing_is_closed(connection: socket.socket) -> None:
    assert read_until_closed(connection) == b""


def test_an_idle_connection_is_closed_after_its_answer(connection: socket.socket) -> None:
    connection.sendall(head("GET", "/healthz"))
    answer = read_until_closed(connection)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close" not in answer


def test_a_connection_serves_many_requests(connection: socket.socket) -> None:
    for _ in range(3):
        assert healthy(connection)


def healthy(connection: socket.socket) -> bool:
    """Send a request and read its answer to the end."""
    connection.sendall(head("GET", "/healthz"))
    answer = b""
    while not answer.endswith(b"}\n"):
        answer += connection.recv(65536)
    return answer.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("begin", ["at once", "after a request"])
def test_headers_that_come_too_slowly_get_408(connection: socket.socket, begin: str) -> None:
    if begin == "after a request":
        assert healthy(connection)
    slow = head("GET", "/healthz", X_Long="x" * 200)
    assert answered_while_dribbling(connection, slow, seconds=TIMEOUT_SECONDS / 10)
    answer = read_until_closed(connection)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"application/problem+json" in answer
    assert b'"type":"/problems/request-timeout"' in answer


def test_line_ends_between_requests_keep_no_connection_open(connection: socket.socket) -> None:
    assert answered_while_dribbling(connection, b"\r\n" * 100, seconds=TIMEOUT_SECONDS / 10)
    assert read_until_closed(connection).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize(
    "headers",
    [
        head("GET", "/healthz", **{f"X-{number}": number for number in range(200)}),
        b"GET /healthz HTTP/1.1\r\nX-Long: " + b"x" * 1_000_000,
        b"GET /" + b"x" * 1_000_000,
    ],
    ids=["many", "long", "long-path"],
)
def test_too_large_headers_get_431(connection: socket.socket, headers: bytes) -> None:
    connection.sendall(headers)
    answer = read_until_closed(connection)
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b"application/problem+json" in answer


def test_what_is_no_http_gets_400_as_a_problem(connection: socket.socket) -> None:
    connection.sendall(b"\x16\x03\x01 hello\r\n\r\n")
    answer = read_until_closed(connection)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in answer


def test_trailers_are_bounded_like_headers(impatient: Gateway, connection: socket.socket) -> None:
    before = impatient.files()
    connection.sendall(
        head("POST", "/upload", Content_Type="image/jpeg", Transfer_Encoding="chunked")
        + b"5\r\n\xff\xd8\xff\xe0x\r\n0\r\n"
        + b"X-Trailer: x\r\n" * 10_000
    )
    assert read_until_closed(connection).startswith(b"HTTP/1.1 431 ")
    wait_until(lambda: impatient.files() == before, "nothing is left")


def test_a_body_that_pauses_gets_408_and_leaves_nothing(
    impatient: Gateway, connection: socket.socket
) -> None:
    before = impatient.files()
    connection.sendall(upload_of(1_000_000) + picture() + bytes(600_000))
    answer = read_until_closed(connection)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"type":"/problems/request-timeout"' in answer
    assert b"\r\nconnection: close\r\n" in answer
    assert impatient.files() == before


def test_a_body_that_dribbles_gets_408_and_leaves_nothing(
    impatient: Gateway, connection: socket.socket
) -> None:
    before = impatient.files()
    connection.sendall(upload_of(1_000_000) + picture()[:500])
    assert answered_while_dribbling(connection, bytes(150), seconds=TIMEOUT_SECONDS / 10)
    assert read_until_closed(connection).startswith(b"HTTP/1.1 408 ")
    assert impatient.files() == before


def test_clients_that_send_or_read_steadily_may_take_longer_than_a_pause(patient: Gateway) -> None:
    pieces, url = round(PATIENCE_SECONDS / PIECE_SECONDS) + 1, str(patient.client.base_url)
    content = picture() + bytes(12_000_000)  # more than is read here and the system holds
    job = patient.client.post("/upload", content=content, headers=RAW).json()
    with (
        open_socket(url) as sender,
        open_socket(url, receive_buffer=4096) as reader,
        reader.makefile("rb") as answer,
    ):
        reader.sendall(head("GET", f"/jobs/{job['id']}/input", Connection="close"))
        sender.sendall(upload_of(len(picture()) + pieces * 8192) + picture())
        for _ in range(pieces):
            assert stays_open(sender, PIECE_SECONDS)
            sender.sendall(bytes(8192))
            assert len(answer.read(400_000)) == 400_000
        assert sender.recv(65536).startswith(b"HTTP/1.1 202 ")
        assert answer.read().endswith(content[-100_000:])


def test_a_client_that_sends_on_after_a_refusal_reads_it_and_is_then_disconnected(
    impatient: Gateway, connection: socket.socket
) -> None:
    """The answer is not lost to a reset while the client sends, and an endless body ends."""
    connection.sendall(
        head("POST", "/upload", Content_Type="text/plain", Content_Length=10**9) + bytes(300_000)
    )
    assert read_until_closed(connection).startswith(b"HTTP/1.1 415 ")
    for _ in range(10):
        connection.sendall(bytes(100_000))
    wait_until(lambda: not is_held(impatient, connection), "the gateway closes")


def is_held(gateway: Gateway, connection: socket.socket) -> bool:
    """Whether the gateway still has its side of the connection."""
    ours = connection.getsockname()
    held = psutil.Process(gateway.service.pid).net_connections("tcp")
    return any(tuple(one.raddr) == ours for one in held)


def test_silent_connections_give_way_to_others_and_those_at_work_do_not(
    addresses: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    poor = ("sh", "-c", 'ulimit -n 160; exec "$@"', "sh", *process.PROGRAM)
    monkeypatch.setattr(process, "PROGRAM", poor)
    environment = addresses | {"STORAGE_URL": (tmp_path / "storage").as_uri()}
    with ExitStack() as stack:
        _, url = stack.enter_context(running_api(environment, tmp_path / "api.log"))
        working = stack.enter_context(open_socket(url))
        working.sendall(upload_of(len(picture())))
        silent = [stack.enter_context(open_socket(url)) for _ in range(300)]
        assert httpx.get(f"{url}/readyz", timeout=30).status_code == httpx.codes.OK
        with pytest.raises(ConnectionResetError):
            silent[0].recv(1)
        working.sendall(picture())
        assert working.recv(65536).startswith(b"HTTP/1.1 202 ")


@contextmanager
def unread(gateway: Gateway, request: bytes) -> Iterator[socket.socket]:
    """Yield a connection on which this is being answered, and that reads no further."""
    with open_socket(str(gateway.client.base_url), receive_buffer=4096) as connection:
        connection.sendall(request)
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")
        yield connection


def test_a_client_that_stops_reading_is_cut_off_and_its_file_closed(
    impatient: Gateway, patient: Gateway
) -> None:
    content = picture() + bytes(30_000_000)
    job = patient.client.post("/upload", content=content, headers=RAW).json()
    stored = str(impatient.storage / job["input_path"])
    request = head("GET", f"/jobs/{job['id']}/input")

    def opened(by: Gateway) -> bool:
        files = psutil.Process(by.service.pid).open_files()
        return any(file.path == stored for file in files)

    with unread(patient, request):  # the other one may be done before it is looked at
        wait_until(lambda: opened(patient), "the file is being sent")
    with unread(impatient, request) as connection:
        wait_until(lambda: not is_held(impatient, connection), "it is cut off")
        wait_until(lambda: not opened(impatient), "the file is closed")
        with pytest.raises(ConnectionResetError):
            read_until_closed(connection)


# Events of eight megabytes: more than the system takes for a client that does not read.
MANY_JOBS = """
    INSERT INTO jobs (id, input_path, input, pipeline, metadata)
    SELECT gen_random_uuid(), 'inputs/abc/cat.jpg',
           '{"filename": null, "media_type": "image/png", "bytes": 3, "sha256": "ab"}', '{}',
           json_build_object('note', repeat('x', 2000))
      FROM generate_series(1, 4000)
"""


def test_a_client_that_stops_reading_its_events_is_cut_off(
    impatient: Gateway, patient: Gateway, postgres_address: PostgresAddress
) -> None:
    with connect(postgres_address) as session:
        session.execute(MANY_JOBS)
    request = head("GET", "/events", Last_Event_ID=0)

    def has_listeners(gateway: Gateway, number: float) -> bool:
        return f"{WAITING_CLIENTS} {number}" in gateway.client.get("/metrics").text.splitlines()

    with unread(patient, request):  # the other one may be done before it is looked at
        wait_until(lambda: has_listeners(patient, 1.0), "it is counted")
    with unread(impatient, request) as connection:
        wait_until(lambda: not is_held(impatient, connection), "it is cut off")
        wait_until(lambda: has_listeners(impatient, 0.0), "it is not counted any more")
        with pytest.raises(ConnectionResetError):
            read_until_closed(connection)
