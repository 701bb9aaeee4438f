"""`imagemill process --server` when the server, or the way to it, is not at its best."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from imagemill.process.backoff import TRIES
from support.pictures import picture
from support.process import free_port, running_api, wait_until

from .cli import files_in, interrupt, process, start
from .unruly import Line, Passing, Spoil, line_to


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "cat.jpg"
    path.write_bytes(picture())
    return path


def to_the_first(times: int, spoil: Spoil, *, when: Callable[[Passing], bool]) -> Spoil:
    """Return what spoils that many of the answers that meet the condition."""
    left = iter(range(times))

    def spoil_some(passing: Passing) -> None:
        if when(passing) and next(left, None) is not None:
            spoil(passing)

    return spoil_some


def is_upload(passing: Passing) -> bool:
    return passing.method == "POST"


def is_download(passing: Passing) -> bool:
    return "/outputs/" in passing.path


def busy(passing: Passing) -> None:
    passing.status, passing.answer_headers["Retry-After"] = 503, "1"


def cut(passing: Passing) -> None:
    passing.cut = True


def damage(passing: Passing) -> None:
    passing.body = passing.body[:-1] + b"?"


def ask_for_a_key(passing: Passing) -> None:
    passing.status = 401


def every_job(mill: str) -> set[str]:
    jobs = httpx.get(f"{mill}/jobs", params={"limit": 200}).json()["jobs"]
    return {job["id"] for job in jobs}


@pytest.mark.parametrize("spoil", [busy, cut])
def test_what_passes_is_waited_out_and_makes_one_job(
    spoil: Spoil, mill: str, photo: Path, tmp_path: Path
) -> None:
    before = every_job(mill)
    with line_to(mill, to_the_first(2, spoil, when=is_upload)) as line:
        run = process(photo, "--out", tmp_path / "out", "--server", line.url)
    assert run.status == 0, run.err
    assert files_in(tmp_path / "out") == ["cat.webp"]
    uploads = [passing.headers for passing in line.seen if is_upload(passing)]
    assert len(uploads) == 3
    assert len({headers["Idempotency-Key"] for headers in uploads}) == 1
    assert len(every_job(mill) - before) == 1


def test_what_does_not_pass_fails_the_file(mill: str, photo: Path, tmp_path: Path) -> None:
    def busy_at_once(passing: Passing) -> None:
        passing.status, passing.answer_headers["Retry-After"] = 429, "0"
        passing.body = b"<html>Slow down!</html>"

    with line_to(mill, to_the_first(99, busy_at_once, when=is_upload)) as line:
        run = process(photo, "--out", tmp_path / "out", "--server", line.url)
    assert run.status == 1
    assert run.err == (f"{photo}: unavailable: {line.url}/upload answers 429 Too Many Requests.\n")
    assert sum(map(is_upload, line.seen)) == TRIES


def test_a_damaged_download_is_fetched_again(mill: str, photo: Path, tmp_path: Path) -> None:
    with line_to(mill, to_the_first(1, damage, when=is_download)) as line:
        run = process(photo, "--out", tmp_path / "out", "--json", "--server", line.url)
    (output,) = run.json_by_name()["cat.jpg"]["outputs"]
    assert (tmp_path / "out" / "cat.webp").stat().st_size == output["bytes"]
    assert sum(map(is_download, line.seen)) == 2


def test_bytes_that_stay_damaged_are_never_written(mill: str, photo: Path, tmp_path: Path) -> None:
    with line_to(mill, to_the_first(99, damage, when=is_download)) as line:
        run = process(photo, "--out", tmp_path / "out", "--server", line.url)
    assert run.status == 1
    assert "cat.jpg: damaged_download: What arrived does not match the digest" in run.err
    assert files_in(tmp_path / "out") == []


def test_the_key_goes_along_with_every_request(mill: str, photo: Path, tmp_path: Path) -> None:
    with line_to(mill, lambda _: None) as line:
        asked = (photo, "--out", tmp_path / "out", "--server", line.url)
        run = process(*asked, environment={"IMAGEMILL_API_KEY": "s3cret"})
    assert run.status == 0, run.err
    assert len(line.seen) >= 4
    assert {passing.headers["Authorization"] for passing in line.seen} == {"Bearer s3cret"}
    assert "s3cret" not in run.out + run.err


def test_a_server_that_wants_a_key_is_told_of_once(mill: str, photo: Path, tmp_path: Path) -> None:
    with line_to(mill, ask_for_a_key) as line:
        run = process(photo, "--out", tmp_path / "out", "--server", line.url)
    assert run.status == 2
    assert run.err == (
        "imagemill: The server asks for a key: give one that it knows, as IMAGEMILL_API_KEY.\n"
    )


def test_a_server_that_is_away_is_told_of_at_once(photo: Path, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    run = process(photo, "--out", tmp_path / "out", "--server", url)
    assert run.status == 1
    assert run.err.startswith(f"imagemill: {url} cannot be reached: ")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://localhost", "http://", "http://a:b"])
def test_an_address_that_is_none_is_refused(url: str, photo: Path, tmp_path: Path) -> None:
    run = process(photo, "--out", tmp_path, "--server", url)
    assert run.status == 2
    assert run.err.startswith(f"imagemill: --server: {url!r} is no address such as http://")


def test_something_else_at_the_address_is_told_of(mill: str, photo: Path, tmp_path: Path) -> None:
    def talk_html(passing: Passing) -> None:
        passing.body = b"<html>Welcome!</html>"

    with line_to(mill, talk_html) as line:
        run = process(photo, "--out", tmp_path / "out", "--server", line.url)
    assert run.status == 1
    assert run.err.startswith(f"imagemill: {line.url}/presets answers 200 OK, but not as")


def test_a_server_that_dies_is_not_waited_for_by_every_file(
    environment: dict[str, str], tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for n in range(40):
        (photos / f"{n}.jpg").write_bytes(picture())
    # Nobody takes the jobs: all that the command can do is to look at them.
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
    assert run.err == (
        f"{tmp_path / 'huge.jpg'}: upload_too_large: The image is over the limit of 100000 bytes.\n"
    )


@pytest.fixture
def held() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def test_ctrl_c_leaves_no_half_file(
    mill: str, photo: Path, tmp_path: Path, held: threading.Event
) -> None:
    def hold(passing: Passing) -> None:
        if is_download(passing):
            passing.held = held

    out = tmp_path / "out"
    with line_to(mill, hold) as line:
        running = start(photo, "--out", out, "--server", line.url)
        wait_until(lambda: half_of(out, line), "half of the output is there")
        run = interrupt(running)
        held.set()
    assert run.status == 130
    assert files_in(out) == []
    assert run.out.splitlines()[0] == "Stopping …"
    assert run.out.splitlines()[1].startswith("1 file, 0 done, 1 not processed, ")


def half_of(out: Path, line: Line) -> bool:
    return any(map(is_download, line.seen)) and bool(files_in(out))
