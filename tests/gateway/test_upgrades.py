"""A request that offers another protocol is served as if it did not (RFC 9110, 7.8)."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from conftest import Gateway
from support.pictures import picture
from support.wire import head, open_socket, read_until_closed

H2C = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABk"}
WEBSOCKET = {"Connection": "keep-alive, Upgrade", "Upgrade": "websocket"}
# The program itself needs no compiler, but to run a source file does.
JAVA = (shutil.which("javac") and shutil.which("java")) or ""
CURL = shutil.which("curl") or ""
CLOSE = {"Connection": "close"}
ACCEPTED = b"HTTP/1.1 202 "


@pytest.fixture
def connection(gateway: Gateway) -> Iterator[socket.socket]:
    with open_socket(str(gateway.client.base_url)) as connection:
        yield connection


def upload(**headers: str | int) -> bytes:
    """Return an upload with these headers."""
    return (
        head(
            "POST",
            "/upload",
            Content_Type="image/png",
            Content_Length=len(picture()),
            **headers,
        )
        + picture()
    )


def chunked(offer: dict[str, str]) -> bytes:
    content = picture()
    half = len(content) // 2
    chunks = b"".join(
        f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in (content[:half], content[half:])
    )
    start = head("POST", "/upload", Content_Type="image/png", Transfer_Encoding="chunked", **offer)
    return start + chunks + b"0\r\n\r\n"


LAST = head("GET", "/healthz", **CLOSE)


@pytest.mark.parametrize("offer", [H2C, WEBSOCKET], ids=["h2c", "websocket"])
def test_an_upload_with_an_offer_keeps_its_body(
    offer: dict[str, str], connection: socket.socket
) -> None:
    connection.sendall(upload(**offer) + LAST)
    assert read_until_closed(connection).startswith(ACCEPTED)


def test_a_chunked_upload_with_an_offer_keeps_its_body(connection: socket.socket) -> None:
    connection.sendall(chunked(H2C) + LAST)
    assert read_until_closed(connection).startswith(ACCEPTED)


def test_offers_may_be_pipelined_among_other_requests(
    gateway: Gateway, connection: socket.socket
) -> None:
    requests = [upload(), upload(**H2C), head("GET", "/jobs", **H2C), chunked(H2C), upload(), LAST]
    connection.sendall(b"".join(requests))
    answer = read_until_closed(connection)
    assert answer.count(ACCEPTED) == 4
    assert answer.count(b"HTTP/1.1 200 ") == 2
    assert b"HTTP/1.1 4" not in answer
    assert len(gateway.client.get("/jobs").json()["jobs"]) == 4


def test_an_offer_may_arrive_in_pieces(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in upload(**H2C) + LAST:
        connection.send(bytes([byte]))
    assert read_until_closed(connection).startswith(ACCEPTED)


def test_what_else_the_connection_header_says_still_counts(connection: socket.socket) -> None:
    connection.sendall(upload(**(H2C | {"Connection": "upgrade, close, http2-settings"})))
    answer = read_until_closed(connection)
    assert answer.startswith(ACCEPTED)
    assert b"\r\nconnection: close\r\n" in answer


def test_a_client_that_awaits_100_and_offers_gets_both_answers(connection: socket.socket) -> None:
    request = upload(Expect="100-continue", **H2C)
    connection.sendall(request[: -len(picture())])
    assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
    connection.sendall(picture() + LAST)
    assert read_until_closed(connection).startswith(ACCEPTED)


def test_connect_is_refused_and_its_connection_closed(connection: socket.socket) -> None:
    connection.sendall(b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\nhello")
    answer = read_until_closed(connection)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in answer


@pytest.mark.skipif(not CURL, reason="no curl: `make neighbours` installs it")
def test_curl_with_http2_uploads(gateway: Gateway, tmp_path: Path) -> None:
    image = tmp_path / "cat.png"
    image.write_bytes(picture())
    url = gateway.client.base_url.join("/upload")
    done = subprocess.run(
        [
            CURL,
            "--silent",
            "--http2",
            "--form",
            f"file=@{image}",
            "--write-out",
            "%{http_code}",
            str(url),
        ],
        capture_output=True,
        check=True,
    )
    assert done.stdout.endswith(b"202")


JAVA_PROGRAM = """
import java.net.URI;
import java.net.http.*;
import java.nio.file.Path;

class Upload {
    public static void main(String[] arguments) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(arguments[0]))
            .header("Content-Type", "image/png")
            .POST(HttpRequest.BodyPublishers.ofFile(Path.of(arguments[1])))
            .build();
        HttpResponse<String> answer =
            HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
        System.out.print(answer.statusCode() + " " + answer.version());
    }
}
"""


@pytest.mark.long
@pytest.mark.skipif(not JAVA, reason="no Java: `make neighbours` installs it")
def test_the_http_client_of_java_uploads_with_its_defaults(
    gateway: Gateway, tmp_path: Path
) -> None:
    program, image = tmp_path / "Upload.java", tmp_path / "cat.png"
    program.write_text(JAVA_PROGRAM)
    image.write_bytes(picture())
    url = str(gateway.client.base_url.join("/upload"))
    done = subprocess.run(
        [JAVA, str(program), url, str(image)], capture_output=True, check=True, text=True
    )
    assert done.stdout == f"{httpx.codes.ACCEPTED} HTTP_1_1"
