"""The scratch files of an image process, and what its parent takes from them."""

import asyncio
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from imagemill.imaging.errors import DecoderCrashed, InvalidImage
from imagemill.imaging.file_data import MAX_INLINE_BYTES
from imagemill.imaging.sandbox.sandbox import Sandbox
from imagemill.imaging.sandbox.scratch_files import ScratchFiles
from imagemill.imaging.spec.pipeline import Output, Pipeline
from imaging.hostile_order import encode_order
from imaging.image_processes import ONE_OUTPUT, REQUIRED, read_content, render_file
from imaging.studio import LIMITS, Studio, noise

LARGE = Pipeline.of(Output(name="small", width=8), Output(name="large"))


@pytest.fixture
def large(studio: Studio) -> Path:
    """A picture whose outputs are larger than what a reply carries."""
    return studio.save(noise(500, 400), "picture.png")


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """A folder on another file system than that of the tests, where there is one."""
    memory = Path("/dev/shm")  # noqa: S108 - the only one that Linux always has
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


def scratch_sizes(sandbox: Sandbox) -> list[int]:
    process = sandbox._pool._slots[0].process
    assert process is not None
    return [os.fstat(file).st_size for file in process.scratch_files._files]


async def test_small_outputs_come_with_the_reply_and_large_ones_as_copies(
    studio: Studio, large: Path
) -> None:
    async with Sandbox.open(1, LIMITS, REQUIRED, studio.scratch_dir) as sandbox:
        with large.open("rb") as file:
            async with sandbox.render(file.fileno(), LARGE) as rendered:
                small, copy = rendered.contents
                assert isinstance(small, bytes)
                assert isinstance(copy, int)
                assert rendered.outputs[1].bytes > MAX_INLINE_BYTES
                for output, content in zip(rendered.outputs, rendered.contents, strict=True):
                    data = read_content(content)
                    assert output.bytes == len(data)
                    assert output.sha256 == hashlib.sha256(data).hexdigest()
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(copy)
        assert scratch_sizes(sandbox) == [0, 0]
    assert list(studio.scratch_dir.iterdir()) == []


async def test_a_process_that_goes_on_writing_does_not_change_what_was_taken(
    confined_sandbox: Sandbox, studio: Studio, large: Path
) -> None:
    file = studio.inputs / "hostile.png"
    file.write_bytes(large.read_bytes() + encode_order("write later", studio.inputs))
    with file.open("rb") as source:
        async with confined_sandbox.render(source.fileno(), Pipeline.of(Output())) as rendered:
            for _ in range(20):
                await asyncio.sleep(0)
                data = read_content(rendered.contents[0])
                assert hashlib.sha256(data).hexdigest() == rendered.outputs[0].sha256


async def test_a_process_gets_no_descriptor_of_what_is_taken(
    confined_sandbox: Sandbox, studio: Studio, large: Path
) -> None:
    with large.open("rb") as source:
        async with confined_sandbox.render(source.fileno(), Pipeline.of(Output())) as rendered:
            (copy,) = rendered.contents
            assert isinstance(copy, int)
            process = confined_sandbox._pool._slots[0].process
            assert process is not None
            own = {os.fstat(file).st_ino for file in process.scratch_files._files}
            assert os.fstat(copy).st_ino not in own
    assert studio.inputs.exists()


async def test_nothing_of_a_job_stays_in_the_files(studio: Studio, large: Path) -> None:
    broken = studio.inputs / "broken.png"
    broken.write_bytes(large.read_bytes()[:-100_000])
    async with Sandbox.open(1, LIMITS, REQUIRED, studio.scratch_dir) as sandbox:
        await render_file(sandbox, large, studio.outputs, LARGE)
        assert scratch_sizes(sandbox) == [0, 0]
        with pytest.raises(InvalidImage):
            await render_file(sandbox, broken, studio.outputs, ONE_OUTPUT)
        assert scratch_sizes(sandbox) == [0, 0]


async def test_input_and_scratch_files_may_lie_on_different_file_systems(
    studio: Studio, large: Path, elsewhere: Path
) -> None:
    away = elsewhere / "picture.png"
    shutil.copyfile(large, away)
    async with Sandbox.open(1, LIMITS, REQUIRED, studio.scratch_dir) as sandbox:
        rendered = await render_file(sandbox, away, studio.outputs, LARGE)
    assert (studio.outputs / "large.png").stat().st_size == rendered.outputs[1].bytes


async def test_a_scratch_folder_that_was_deleted_is_made_again(
    studio: Studio, picture: Path
) -> None:
    async with Sandbox.open(1, LIMITS, REQUIRED, studio.scratch_dir) as sandbox:
        await asyncio.to_thread(shutil.rmtree, studio.scratch_dir, ignore_errors=True)
        assert (await render_file(sandbox, picture, studio.outputs, LARGE)).input.width == 32


@pytest.mark.parametrize(("written", "reported"), [(10, 11), (11, 10), (0, 1)])
async def test_a_file_of_another_size_than_reported_is_not_taken(
    tmp_path: Path, written: int, reported: int
) -> None:
    scratch_files = ScratchFiles(tmp_path)
    (file,) = await scratch_files.prepare(1)
    os.write(file, bytes(written))
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(DecoderCrashed, match="another number of bytes"):
        await scratch_files.copy(0, reported)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    scratch_files.close()


async def test_where_files_without_a_name_are_unknown_their_names_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "O_TMPFILE")
    scratch_files = ScratchFiles(tmp_path)
    (file,) = await scratch_files.prepare(1)
    os.write(file, b"written")
    copy = await scratch_files.copy(0, 7)
    assert os.pread(copy.descriptor, 100, 0) == b"written"
    assert list(tmp_path.iterdir()) == []
    os.close(copy.descriptor)
    scratch_files.close()
