"""The job directory of an image process, before, during and after a render."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from imagemill.imaging.errors import DecoderCrashed, InvalidImage, ScratchFull
from imagemill.imaging.sandbox.job_directory import JobDirectory
from imagemill.imaging.sandbox.sandbox import Sandbox
from imagemill.imaging.spec.pipeline import Output, Pipeline
from imaging.image_processes import ONE_OUTPUT, REQUIRED, behave
from imaging.studio import LIMITS, Studio


@pytest.fixture
def job_directory(studio: Studio) -> JobDirectory:
    return JobDirectory.create(studio.scratch_dir)


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """A folder on another file system than that of the tests, where there is one."""
    memory = Path("/dev/shm")  # noqa: S108 - the only one that Linux always has
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


def test_the_input_is_a_link_and_no_copy(job_directory: JobDirectory, picture: Path) -> None:
    assert job_directory.prepare(picture, ONE_OUTPUT).samefile(picture)


def test_every_file_that_an_output_may_be_is_created_empty(
    job_directory: JobDirectory, picture: Path
) -> None:
    pipeline = Pipeline.of(Output(name="a", format="webp"), Output(name="b"))
    job_directory.prepare(picture, pipeline)
    created = {file.name: file.stat().st_size for file in job_directory.outputs.iterdir()}
    names = {"a.webp", "b.jpg", "b.png", "b.webp", "b.avif", "b.gif", "b.tiff"}
    assert created == dict.fromkeys(names, 0)


def test_written_outputs_are_moved_and_the_directory_is_emptied(
    job_directory: JobDirectory, studio: Studio, picture: Path
) -> None:
    job_directory.prepare(picture, ONE_OUTPUT)
    (job_directory.outputs / "image.png").write_bytes(b"written")
    job_directory.collect(studio.outputs)
    assert [file.name for file in studio.outputs.iterdir()] == ["image.png"]
    assert not [*job_directory.inputs.iterdir(), *job_directory.outputs.iterdir()]
    assert picture.exists()


async def test_input_and_outputs_may_lie_on_another_file_system(
    studio: Studio, picture: Path, elsewhere: Path
) -> None:
    away = elsewhere / "picture.png"
    shutil.copyfile(picture, away)
    async with Sandbox.open(1, LIMITS, REQUIRED, studio.scratch_dir) as sandbox:
        rendered = await sandbox.render(away, elsewhere, ONE_OUTPUT)
    assert rendered.outputs[0].path == "image.png"
    assert (elsewhere / "image.png").stat().st_size == rendered.outputs[0].bytes


async def test_nothing_of_a_job_stays_in_the_directory(studio: Studio, picture: Path) -> None:
    broken = studio.inputs / "broken.png"
    broken.write_bytes(picture.read_bytes()[:60])
    async with Sandbox.open(1, LIMITS, REQUIRED, studio.scratch_dir) as sandbox:
        await sandbox.render(picture, studio.outputs, ONE_OUTPUT)
        with pytest.raises(InvalidImage):
            await sandbox.render(broken, studio.outputs, ONE_OUTPUT)
        assert not [path for path in studio.scratch_dir.rglob("*") if path.is_file()]
    assert not list(studio.scratch_dir.iterdir())


async def test_the_directory_is_removed_with_its_image_process(
    unconfined_sandbox: Sandbox, studio: Studio
) -> None:
    (before,) = studio.scratch_dir.iterdir()
    with pytest.raises(DecoderCrashed):
        await behave(unconfined_sandbox, studio, "segv")
    assert not before.exists()


async def test_a_directory_that_was_deleted_costs_one_attempt(
    studio: Studio, picture: Path
) -> None:
    async with Sandbox.open(1, LIMITS, REQUIRED, studio.scratch_dir) as sandbox:
        await asyncio.to_thread(shutil.rmtree, studio.scratch_dir)
        with pytest.raises(ScratchFull):
            await sandbox.render(picture, studio.outputs, ONE_OUTPUT)
        assert (await sandbox.render(picture, studio.outputs, ONE_OUTPUT)).input.width == 32
