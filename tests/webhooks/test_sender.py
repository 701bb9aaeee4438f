"""One try to send a webhook to real servers: the address it connects to, and its result."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import aiohttp
import pytest

from imagemill.webhooks.public_addresses import Address
from imagemill.webhooks.request import WebhookRequest
from imagemill.webhooks.sender import Sender, _open_pinned_session
from imagemill.webhooks.try_result import TryResult, TryStatus
from imagemill.webhooks.url import parse_callback_url
from imagemill.webhooks.vetting import Vetting
from support.certificate import OPENSSL, make_certificate
from support.process import free_port
from support.receiver import always, receiving

PUBLIC, LOOPBACK = ip_address("93.184.215.14"), ip_address("127.0.0.1")
REFUSED = TryResult(
    TryStatus.REFUSED_ADDRESS, "name.example resolves to an address that is not public."
)

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def create_sender(
    *answers: list[Address], allow_private: bool = False, tls: ssl.SSLContext | None = None
) -> Sender:
    """Return a sender that resolves every name to these addresses, in turn."""
    left = list(answers)

    async def resolve(_: str) -> tuple[Address, ...]:
        return tuple(left.pop(0))

    return Sender(Vetting(resolve, allow_private), tls or ssl.create_default_context())


async def send(sender: Sender, url: str) -> TryResult:
    return await sender.send(WebhookRequest(url, {"webhook-id": "msg_1"}, '{"a": "ü"}'))


@asynccontextmanager
async def serving(serve: Serve, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Run a server that need not speak HTTP, and yield its port."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer):
            await serve(reader, writer)

    server = await asyncio.start_server(answer, "127.0.0.1", ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_the_body_is_posted_as_it_is() -> None:
    with receiving(always(200)) as receiver:
        result = await send(create_sender([LOOPBACK], allow_private=True), f"{receiver.url}?a=%2F")
        received = receiver.next()
    assert result == TryResult(TryStatus.DELIVERED, None, 200)
    assert (received.path, received.body) == ("/hook?a=%2F", '{"a": "ü"}'.encode())
    assert received.headers["webhook-id"] == "msg_1"
    assert received.headers["user-agent"].startswith("imagemill/")


async def test_a_name_is_connected_to_at_the_address_that_was_vetted() -> None:
    with receiving(always(200)) as receiver:
        sender = create_sender([LOOPBACK], allow_private=True)
        result = await send(sender, f"http://name.example:{receiver.port}/")
        assert result.status is TryStatus.DELIVERED
        assert receiver.next().headers["host"] == f"name.example:{receiver.port}"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "127.1", "2130706433", "0x7f.1"]
)
async def test_an_address_in_the_url_is_vetted_as_those_of_names_are(host: str) -> None:
    with receiving(always(200)) as receiver:
        result = await send(create_sender(), f"http://{host}:{receiver.port}/")
        assert (result.status, receiver.count) == (TryStatus.REFUSED_ADDRESS, 0)


async def test_a_name_that_changes_its_address_is_refused_from_then_on() -> None:
    with receiving(always(200)) as receiver:
        url = f"http://name.example:{receiver.port}/"
        vetting = create_sender([PUBLIC], [LOOPBACK]).vetting
        from_upload = await vetting.resolve(parse_callback_url(url))
        assert from_upload == (PUBLIC,)
        sender = Sender(vetting, ssl.create_default_context())
        assert (await send(sender, url), receiver.count) == (REFUSED, 0)


async def test_a_name_is_resolved_once_and_never_again_for_its_connection() -> None:
    asked = []

    async def resolve(host: str) -> tuple[Address, ...]:
        asked.append(host)
        return (LOOPBACK,)

    sender = Sender(Vetting(resolve, allow_private=True), ssl.create_default_context())
    port = free_port()
    assert (await send(sender, f"http://localhost:{port}/")).status is TryStatus.CONNECTION
    assert asked == ["localhost"]


async def test_one_address_that_is_not_public_among_others_is_enough_to_refuse() -> None:
    with receiving(always(200)) as receiver:
        sender = create_sender([PUBLIC, LOOPBACK])
        assert await send(sender, f"http://name.example:{receiver.port}/") == REFUSED
        assert receiver.count == 0


async def test_a_session_connects_to_no_address_that_was_not_vetted() -> None:
    with receiving(always(200)) as receiver:
        async with _open_pinned_session([PUBLIC], ssl.create_default_context()) as session:
            with pytest.raises(aiohttp.ClientConnectorError):
                await session.post(f"http://127.0.0.1:{receiver.port}/")
        assert receiver.count == 0


async def test_a_redirect_is_a_failure_and_not_followed() -> None:
    with receiving(always(200)) as inside:
        with receiving(always(307, Location=inside.url)) as receiver:
            result = await send(create_sender([LOOPBACK], allow_private=True), receiver.url)
        assert result.error == "The receiver answered 307; redirects are not followed."
        assert inside.count == 0


async def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving(always(200)) as proxy, receiving(always(200)) as receiver:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        result = await send(create_sender([LOOPBACK], allow_private=True), receiver.url)
        assert (result.status, proxy.count, receiver.count) == (TryStatus.DELIVERED, 0, 1)


async def test_the_delay_of_retry_after_is_returned() -> None:
    with receiving(always(503, **{"Retry-After": "120"})) as receiver:
        result = await send(create_sender([LOOPBACK], allow_private=True), receiver.url)
    assert result.retry_after == timedelta(minutes=2)


async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


async def dripping(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while not writer.is_closing():
        writer.write(b"A: b\r\n")
        await writer.drain()
        await asyncio.sleep(0.02)


async def continuing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while not writer.is_closing():
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.02)


async def closing_at_once(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.readline()


async def speaking_smtp(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 mail.example ESMTP\r\n")
    await writer.drain()


async def with_a_long_header(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n")
    await writer.drain()


@pytest.mark.parametrize(
    ("serve", "status", "error"),
    [
        (silent, TryStatus.TIMEOUT, "The receiver did not respond in time."),
        (dripping, TryStatus.TIMEOUT, "The receiver did not respond in time."),
        (continuing, TryStatus.TIMEOUT, "The receiver did not respond in time."),
        (
            closing_at_once,
            TryStatus.CONNECTION,
            "The receiver closed the connection without a response.",
        ),
        (speaking_smtp, TryStatus.CONNECTION, "The receiver's response is not valid HTTP."),
        (with_a_long_header, TryStatus.CONNECTION, "The receiver's response is not valid HTTP."),
    ],
)
async def test_each_fault_of_a_receiver_has_its_sentence(
    serve: Serve, status: TryStatus, error: str
) -> None:
    timeout_seconds = 1 if status is TryStatus.TIMEOUT else 30
    sender = replace(create_sender([LOOPBACK], allow_private=True), timeout_seconds=timeout_seconds)
    async with serving(serve) as port:
        assert await send(sender, f"http://name.example:{port}/") == TryResult(status, error)


async def test_the_body_of_a_response_is_not_awaited() -> None:
    written = 0

    async def endless(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n")
        with suppress(ConnectionError):
            while True:
                writer.write(b"x" * 65536)
                await writer.drain()
                written += 65536

    async with serving(endless) as port:
        result = await send(
            create_sender([LOOPBACK], allow_private=True), f"http://name.example:{port}/"
        )
    assert result.status is TryStatus.DELIVERED
    assert written < 16 * 1024 * 1024  # the size of the kernel's buffers and one of aiohttp


async def test_a_refused_connection_is_described_without_the_address() -> None:
    result = await send(
        create_sender([LOOPBACK], allow_private=True), f"http://name.example:{free_port()}/"
    )
    assert result == TryResult(
        TryStatus.CONNECTION, "No connection to the receiver: Connection refused."
    )


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for name.example, with its key."""
    if not OPENSSL:
        pytest.skip("there is no openssl to make a certificate with")
    file = tmp_path_factory.mktemp("tls") / "self-signed.pem"
    make_certificate(file, file, "DNS:name.example")
    return file


@pytest.fixture
async def secure_port(certificate: Path) -> AsyncIterator[int]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()

    async with serving(serve, context) as port:
        yield port


async def test_a_self_signed_certificate_is_refused(secure_port: int) -> None:
    result = await send(
        create_sender([LOOPBACK], allow_private=True), f"https://name.example:{secure_port}/"
    )
    assert result.status is TryStatus.CERTIFICATE
    assert str(result.error).startswith("The receiver's certificate is not accepted: self")


async def test_a_certificate_has_to_be_that_of_the_name_in_the_url(
    secure_port: int, certificate: Path
) -> None:
    tls = ssl.create_default_context(cafile=certificate)
    sender = create_sender([LOOPBACK], [LOOPBACK], allow_private=True, tls=tls)
    right = await send(sender, f"https://name.example:{secure_port}/")
    wrong = await send(sender, f"https://other.example:{secure_port}/")
    assert right.status is TryStatus.DELIVERED
    assert wrong.status is TryStatus.CERTIFICATE
    assert "Hostname mismatch" in str(wrong.error)


async def test_a_receiver_without_tls_fails_the_handshake() -> None:
    async with serving(speaking_smtp) as port:
        result = await send(
            create_sender([LOOPBACK], allow_private=True), f"https://name.example:{port}/"
        )
    assert result == TryResult(TryStatus.CONNECTION, "The TLS handshake with the receiver failed.")
