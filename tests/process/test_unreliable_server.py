"""`imagemill process --server` with an unreliable server or connection."""

import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from imagemill.client.backoff import MAX_TRIES
from support.faults import busy, cut, first, is_download, is_upload
from support.faulty_proxy import Exchange, Fault, FaultyProxy, run_proxy
from support.pictures import picture
from support.process import free_port, running_api, wait_until

from .cli import files_in, interrupt, process, start


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "cat.jpg"
    path.write_bytes(picture())
    return path


def damage(exchange: Exchange) -> None:
    exchange.body = exchange.body[:-1] + b"?"


def require_key(exchange: Exchange) -> None:
    exchange.status = 401


def job_ids(server_url: str) -> set[str]:
    jobs = httpx.get(f"{server_url}/jobs", params={"limit": 200}, timeout=30).json()["jobs"]
    return {job["id"] for job in jobs}


@pytest.mark.parametrize("fault", [busy, cut])
def test_a_transient_error_is_retried_and_makes_one_job(
    fault: Fault, server_url: str, photo: Path, tmp_path: Path
) -> None:
    before = job_ids(server_url)
    with run_proxy(server_url, first(2, fault, when=is_upload)) as proxy:
        run = process(photo, "--out", tmp_path / "out", "--server", proxy.url)
    assert run.status == 0, run.err
    assert files_in(tmp_path / "out") == ["cat.webp"]
    uploads = [exchange.headers for exchange in proxy.seen if is_upload(exchange)]
    assert len(uploads) == 3
    assert len({headers["Idempotency-Key"] for headers in uploads}) == 1
    assert len(job_ids(server_url) - before) == 1


def test_a_transient_error_that_stays_fails_the_file(
    server_url: str, photo: Path, tmp_path: Path
) -> None:
    def always_busy(exchange: Exchange) -> None:
        exchange.status, exchange.response_headers["Retry-After"] = 429, "0"
        exchange.body = b"<html>Slow down!</html>"

    with run_proxy(server_url, first(99, always_busy, when=is_upload)) as proxy:
        run = process(photo, "--out", tmp_path / "out", "--server", proxy.url)
    assert run.status == 1
    assert run.err == (f"{photo}: unavailable: {proxy.url}/upload answers 429 Too Many Requests.\n")
    assert sum(map(is_upload, proxy.seen)) == MAX_TRIES


def test_a_damaged_download_is_retried(server_url: str, photo: Path, tmp_path: Path) -> None:
    with run_proxy(server_url, first(1, damage, when=is_download)) as proxy:
        run = process(photo, "--out", tmp_path / "out", "--json", "--server", proxy.url)
    (output,) = run.json_by_name()["cat.jpg"]["outputs"]
    assert (tmp_path / "out" / "cat.webp").stat().st_size == output["bytes"]
    assert sum(map(is_download, proxy.seen)) == 2


def test_damaged_bytes_are_never_written(server_url: str, photo: Path, tmp_path: Path) -> None:
    with run_proxy(server_url, first(99, damage, when=is_download)) as proxy:
        run = process(photo, "--out", tmp_path / "out", "--server", proxy.url)
    assert run.status == 1
    assert "cat.jpg: damaged_download: The downloaded bytes do not match the digest" in run.err
    assert files_in(tmp_path / "out") == []


def test_the_key_is_sent_with_every_request(server_url: str, photo: Path, tmp_path: Path) -> None:
    with run_proxy(server_url, lambda _: None) as proxy:
        arguments = (photo, "--out", tmp_path / "out", "--server", proxy.url)
        run = process(*arguments, environment={"IMAGEMILL_API_KEY": "s3cret"})
    assert run.status == 0, run.err
    assert len(proxy.seen) >= 4
    assert {exchange.headers["Authorization"] for exchange in proxy.seen} == {"Bearer s3cret"}
    assert "s3cret" not in run.out + run.err


def test_a_server_that_requires_a_key_is_reported_once(
    server_url: str, photo: Path, tmp_path: Path
) -> None:
    with run_proxy(server_url, require_key) as proxy:
        run = process(photo, "--out", tmp_path / "out", "--server", proxy.url)
    assert run.status == 2
    assert run.err == (
        "imagemill: The server requires an API key:"
        " set IMAGEMILL_API_KEY to a key that it accepts.\n"
    )


def test_an_unreachable_server_is_reported_at_once(photo: Path, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    run = process(photo, "--out", tmp_path / "out", "--server", url)
    assert run.status == 1
    assert run.err.startswith(f"imagemill: {url} cannot be reached: ")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://localhost", "http://", "http://a:b"])
def test_an_invalid_address_is_rejected(url: str, photo: Path, tmp_path: Path) -> None:
    run = process(photo, "--out", tmp_path, "--server", url)
    assert run.status == 2
    assert run.err.startswith(f"imagemill: --url: {url!r} is not a URL such as http://")


def test_another_program_at_the_address_is_reported(
    server_url: str, photo: Path, tmp_path: Path
) -> None:
    def answer_html(exchange: Exchange) -> None:
        exchange.body = b"<html>Welcome!</html>"

    with run_proxy(server_url, answer_html) as proxy:
        run = process(photo, "--out", tmp_path / "out", "--server", proxy.url)
    assert run.status == 1
    assert run.err.startswith(
        f"imagemill: {proxy.url}/presets answers 200 OK, but is not imagemill"
    )


def test_not_every_file_waits_for_a_server_that_died(
    environment: dict[str, str], tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for n in range(40):
        (photos / f"{n}.jpg").write_bytes(picture())
    # No worker runs: all that the command can do is to poll the jobs.
    with running_api(environment, tmp_path / "api.log") as (api, url):
        running = start(photos, "--out", tmp_path / "out", "--concurrency", "2", "--server", url)
        wait_until(lambda: api.logged().count("job.accepted") == 2, "uploads", api.logged)
        api.kill()
        out, err = running.communicate(timeout=45)
    assert running.returncode == 1
    assert err.count("unavailable") == 40
    assert "40 files, 0 done, 40 failed" in out


def test_a_file_over_the_servers_limit_fails_for_that_reason(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "huge.jpg").write_bytes(picture() + bytes(30_000_000))
    small = environment | {"MAX_UPLOAD_BYTES": "100000"}
    with running_api(small, tmp_path / "api.log") as (_, url):
        run = process(tmp_path / "huge.jpg", "--out", tmp_path / "out", "--server", url)
    assert run.status == 1
    (failure,) = run.err.splitlines()
    assert failure.startswith(f"{tmp_path / 'huge.jpg'}: upload_too_large: ")
    assert "100000 bytes" in failure


@pytest.fixture
def held() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def test_ctrl_c_leaves_no_partial_file(
    server_url: str, photo: Path, tmp_path: Path, held: threading.Event
) -> None:
    def hold(exchange: Exchange) -> None:
        if is_download(exchange):
            exchange.held = held

    out = tmp_path / "out"
    with run_proxy(server_url, hold) as proxy:
        running = start(photo, "--out", out, "--server", proxy.url)
        wait_until(lambda: half_written(out, proxy), "half of the output is there")
        run = interrupt(running)
        held.set()
    assert run.status == 130
    assert files_in(out) == []
    assert run.out.splitlines()[0] == "Stopping …"
    assert run.out.splitlines()[1].startswith("1 file, 0 done, 1 not processed, ")


def half_written(out: Path, proxy: FaultyProxy) -> bool:
    return any(map(is_download, proxy.seen)) and bool(files_in(out))
