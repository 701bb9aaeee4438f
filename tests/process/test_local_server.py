"""`imagemill process` without --server: a local server runs meanwhile and leaves nothing behind."""

import os
import pty
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from PIL import Image

from support.pictures import picture
from support.process import wait_until

from .cli import files_in, interrupt, process, start


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in ("cat", "dog"):
        (photos / f"{name}.jpg").write_bytes(picture(600, 400))
    return photos


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """The folder for the command's temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


def test_a_folder_is_processed_and_no_temporary_file_is_left(
    photos: Path, temporary: Path, tmp_path: Path
) -> None:
    presets = tmp_path / "presets.toml"
    presets.write_text('[avatar]\noutputs = [{ width = 30, format = "png" }]', encoding="utf-8")
    (photos / "broken.jpg").write_bytes(picture(400, 300)[:2000])
    run = process(
        *(photos, "--out", tmp_path / "out", "--preset", "avatar"),
        environment={
            "TMPDIR": str(temporary),
            "PRESETS_FILE": str(presets),
            "HTTP_PROXY": "http://127.0.0.1:1",  # unreachable, and not to be used for this machine
        },
    )
    assert run.status == 1
    assert files_in(tmp_path / "out") == ["cat.png", "dog.png"]
    with Image.open(tmp_path / "out" / "cat.png") as cat:
        assert cat.size == (30, 20)
    assert "3 files, 2 done, 1 failed, " in run.out
    (failure,) = run.err.splitlines()
    assert "broken.jpg: invalid_image: " in failure
    assert list(temporary.iterdir()) == []


@pytest.mark.long
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can change its user")
def test_root_without_all_capabilities_can_run_it(photos: Path, tmp_path: Path) -> None:
    limited = ("/usr/bin/setpriv", "--bounding-set=-dac_read_search")  # as in a container
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        run = process(
            photos, "--out", tmp_path / "out", environment={"TMPDIR": folder}, prefix=limited
        )
        assert run.status == 0, run.err
        assert list(Path(folder).iterdir()) == []


@pytest.mark.parametrize(
    ("which", "status"),
    [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 143, marks=pytest.mark.long)],
)
def test_ctrl_c_stops_all_processes(
    which: signal.Signals, status: int, photos: Path, temporary: Path, tmp_path: Path
) -> None:
    # Seconds of work for each image; the command does not wait for it.
    slow = ("--width", "9000", "--enlarge", "--format", "avif", "--effort", "9")
    out = tmp_path / "out"
    running = start(photos, "--out", out, *slow, environment={"TMPDIR": str(temporary)})
    work = "imagemill-*/data/storage/tmp/*/"
    wait_until(lambda: any(path.is_dir() for path in temporary.glob(work)), "the work begins")
    children = psutil.Process(running.pid).children(recursive=True)
    interrupted = time.monotonic()
    run = interrupt(running, which)
    assert time.monotonic() - interrupted < 25  # the default grace time of a worker is 30 s
    assert run.status == status
    assert psutil.wait_procs(children, timeout=30)[1] == []
    assert (list(temporary.iterdir()), files_in(out)) == ([], [])
    assert "2 files, 0 done, 2 not processed, " in run.out


@pytest.fixture
def cannot_start() -> Iterator[dict[str, str]]:
    """Settings with which starting a worker fails: a port that is taken."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield {"HEALTH_PORT": str(taken.getsockname()[1])}


@pytest.mark.parametrize(
    ("arguments", "sentences"),
    [
        (
            ["--width", "0", "--fit", "oval"],
            [
                "--width: Input should be greater than or equal to 1",
                "--fit: Input should be 'inside', 'cover', 'contain', 'fill' or 'outside'",
            ],
        ),
        (["--preset", "default", "--width", "5"], ["--preset: cannot be combined with 'width'"]),
        (
            ["--pipeline", '{"outputs": [{"wide": 3}]}'],
            ["--pipeline, /outputs/0/wide: is not a field here; did you mean 'width'?"],
        ),
    ],
)
def test_wrong_options_are_reported_before_anything_is_started(
    arguments: list[str],
    sentences: list[str],
    photos: Path,
    cannot_start: dict[str, str],
    tmp_path: Path,
) -> None:
    run = process(photos, "--out", tmp_path / "out", *arguments, environment=cannot_start)
    assert run.status == 2
    assert run.err.splitlines() == [f"imagemill: {sentence}" for sentence in sentences]


def test_nothing_is_started_when_there_is_nothing_to_do(
    photos: Path, cannot_start: dict[str, str], tmp_path: Path
) -> None:
    for name in ("cat", "dog"):
        (tmp_path / f"{name}.webp").write_bytes(b"mine")
    run = process(photos, "--out", tmp_path, environment=cannot_start)
    assert run.status == 0
    assert run.out.splitlines()[-1].startswith("2 files, 0 done, 2 skipped (their outputs exist)")


def test_a_wrong_setting_is_named(photos: Path, tmp_path: Path) -> None:
    run = process(photos, "--out", tmp_path, environment={"MAX_PIXELS": "many"})
    assert run.status == 1
    assert run.err.startswith("imagemill: MAX_PIXELS=many is not usable: ")


@pytest.mark.long
def test_a_terminal_shows_a_bar_and_then_the_totals(
    photos: Path, temporary: Path, tmp_path: Path
) -> None:
    (photos / "notes.txt").write_text("not an image", encoding="utf-8")
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        [sys.executable, "-m", "imagemill", "process", photos, "--out", tmp_path / "out"],
        env={"PATH": os.environ["PATH"], "TMPDIR": str(temporary), "TERM": "xterm"},
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = read_all(ours)
    assert running.wait(60) == 0
    assert "Starting the worker and the gateway …" in shown
    assert "2/2" in shown
    assert "cat.jpg" not in shown  # a line per file would push the bar away
    assert f"{photos / 'notes.txt'}: ignored (not an image)" in shown
    assert "2 files, 2 done, " in shown.splitlines()[-1]
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h")  # the cursor is back


def read_all(terminal: int) -> str:
    """Return what is written to the terminal until its other end is closed."""
    shown = b""
    with os.fdopen(terminal, "rb", buffering=0) as reader:
        while True:
            try:
                chunk = reader.read(4096)
            except OSError:  # how Linux says that the other end is closed
                return shown.decode()
            if not chunk:
                return shown.decode()
            shown += chunk
