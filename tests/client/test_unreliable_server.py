"""Both clients with a server, or a connection, that cannot be relied on."""

import time
from pathlib import Path

import pytest

from client.conftest import ClientOf
from imagemill.client import (
    Client,
    Conflict,
    ConnectionFailed,
    DamagedDownload,
    NotFound,
    Problem,
    ServerUnreachable,
    Status,
    Unauthorized,
    UnexpectedResponse,
)
from support.faults import busy, cut, first, is_download, is_upload
from support.faulty_proxy import Exchange, run_proxy
from support.pictures import picture
from support.process import free_port
from support.server import Server

# What both clients have from the same core is tested with one of them.
one_client = pytest.mark.parametrize("client_of", [Client], ids=["sync"], indirect=True)


def is_change(exchange: Exchange) -> bool:
    return exchange.path.endswith(("/cancel", "/retry")) or exchange.method == "DELETE"


def very_busy(exchange: Exchange) -> None:
    # Longer than a first delay that nobody asked for, and than an upload takes.
    exchange.status, exchange.response_headers["Retry-After"] = 503, "3"


def fail_before(exchange: Exchange) -> None:
    exchange.status, exchange.body = 503, b"{}"


def restarting(exchange: Exchange) -> None:
    exchange.status, exchange.body = 502, b"<html>Bad Gateway</html>"


def damage(exchange: Exchange) -> None:
    exchange.body = exchange.body[:-1] + b"?"


def test_an_upload_whose_answer_was_lost_makes_one_job(
    server: Server, client_of: ClientOf, tmp_path: Path
) -> None:
    photo = tmp_path / "cat.jpg"
    photo.write_bytes(picture())
    with run_proxy(server.url, first(1, cut, is_upload)) as proxy:
        job = client_of(proxy.url).upload(photo)
        again = client_of(proxy.url).upload(photo)
        pieces = client_of(proxy.url).upload(iter([photo.read_bytes()]))
    keys = [one.headers["Idempotency-Key"] for one in proxy.seen]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3
    assert len({job.id, again.id, pieces.id}) == 3
    newest = [one.id for one in client_of(server.url).jobs()][:3]
    assert newest == [pieces.id, again.id, job.id]


@one_client
def test_a_server_is_left_alone_for_as_long_as_it_asks(server: Server, client_of: ClientOf) -> None:
    begin = time.monotonic()
    with run_proxy(server.url, first(1, very_busy, is_upload)) as proxy:
        assert client_of(proxy.url).upload(picture()).input.filename == "upload"
    assert 3 <= time.monotonic() - begin < 25


@one_client
def test_a_proxy_whose_server_restarts_is_asked_again(server: Server, client_of: ClientOf) -> None:
    with run_proxy(server.url, first(1, restarting, is_upload)) as proxy:
        assert client_of(proxy.url).upload(picture()).input.filename == "upload"
        assert len(proxy.seen) == 2


def test_an_error_that_stays_is_raised_after_the_last_try(
    server: Server, client_of: ClientOf
) -> None:
    with run_proxy(server.url, busy) as proxy, pytest.raises(Problem) as caught:
        client_of(proxy.url, max_tries=2).presets()
    assert (caught.value.status, caught.value.tries, caught.value.is_transient) == (503, 2, True)
    with run_proxy(server.url, cut) as proxy, pytest.raises(ConnectionFailed, match="was lost"):
        client_of(proxy.url, max_tries=1).presets()
    nobody = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(ServerUnreachable, match=f"^{nobody} cannot be reached: "):
        client_of(nobody, max_tries=1).presets()


@one_client
def test_another_program_at_the_address_is_told(server: Server, client_of: ClientOf) -> None:
    def answer_html(exchange: Exchange) -> None:
        exchange.body = b"<html>Welcome!</html>"

    def ask_for_password(exchange: Exchange) -> None:
        exchange.status, exchange.body = 401, b"<html>Who are you?</html>"

    with run_proxy(server.url, answer_html) as proxy:
        with pytest.raises(UnexpectedResponse, match="200 OK, but is not imagemill"):
            client_of(proxy.url).presets()
        assert len(proxy.seen) == 1
    with run_proxy(server.url, ask_for_password) as proxy, pytest.raises(Unauthorized):
        client_of(proxy.url).presets()


@one_client
@pytest.mark.usefixtures("frozen_worker")
def test_a_change_whose_answer_was_lost_is_recognised(server: Server, client_of: ClientOf) -> None:
    job = client_of(server.url).upload(picture())
    with run_proxy(server.url, first(1, cut, is_change)) as proxy:
        assert client_of(proxy.url).cancel(job).status is Status.CANCELED
    with run_proxy(server.url, first(1, cut, is_change)) as proxy:
        assert client_of(proxy.url).retry(job).status is Status.PENDING
    with run_proxy(server.url, first(1, cut, is_change)) as proxy:
        client_of(proxy.url).delete(job)
        with pytest.raises(NotFound):
            client_of(proxy.url).delete(job)


@one_client
def test_a_change_that_was_not_made_is_a_conflict_after_a_retry_too(
    server: Server, client_of: ClientOf
) -> None:
    completed = client_of(server.url).upload(picture(), wait=30)
    with (
        run_proxy(server.url, first(1, fail_before, is_change)) as proxy,
        pytest.raises(Conflict) as caught,
    ):
        client_of(proxy.url).cancel(completed)
    assert caught.value.tries == 2


def test_a_damaged_download_is_repeated_and_never_kept(
    server: Server, client_of: ClientOf, tmp_path: Path
) -> None:
    job = client_of(server.url).upload(picture(), wait=30)
    with run_proxy(server.url, first(1, damage, is_download)) as proxy:
        client_of(proxy.url).download(job, tmp_path / "cat.webp")
        assert len(proxy.seen) == 2
    whole = (tmp_path / "cat.webp").read_bytes()
    assert len(whole) == job.outputs[0].bytes
    with run_proxy(server.url, damage) as proxy, pytest.raises(DamagedDownload):
        client_of(proxy.url, max_tries=1).download(job, tmp_path / "cat.webp")
    assert [path.name for path in tmp_path.iterdir()] == ["cat.webp"]
    assert (tmp_path / "cat.webp").read_bytes() == whole
