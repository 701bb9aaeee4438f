import os
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from imagemill.imaging.engine import decoders
from imagemill.imaging.formats import JPEG
from imagemill.imaging.sandbox.sandbox import Sandbox
from imaging.image_processes import HOSTILE_PROGRAM, OFF, REQUIRED
from imaging.studio import LIMITS, Studio, gradient


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    inputs, outputs = tmp_path / "inputs", tmp_path / "outputs"
    inputs.mkdir()
    outputs.mkdir()
    return Studio(inputs, outputs)


@pytest.fixture
def assets(tmp_path: Path) -> Path:
    """An empty folder of images and fonts."""
    folder = tmp_path / "assets"
    folder.mkdir()
    return folder


@pytest.fixture
def picture(studio: Studio) -> Path:
    return studio.save(gradient(32, 24), "picture.png")


@pytest.fixture
async def unconfined_sandbox(studio: Studio, picture: Path) -> AsyncIterator[Sandbox]:
    """A sandbox of one image process that runs the hostile program, unconfined."""
    del picture  # the hostile program renders it
    limits = replace(LIMITS, timeout=timedelta(seconds=20))
    async with Sandbox.open(1, limits, OFF, studio.scratch_dir, HOSTILE_PROGRAM) as sandbox:
        yield sandbox


@pytest.fixture
async def confined_sandbox(studio: Studio, picture: Path) -> AsyncIterator[Sandbox]:
    """A sandbox of one image process that runs the hostile program, fully confined."""
    del picture
    limits = replace(LIMITS, timeout=timedelta(seconds=20))
    async with Sandbox.open(1, limits, REQUIRED, studio.scratch_dir, HOSTILE_PROGRAM) as sandbox:
        yield sandbox


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have outputs be written to a disk without room."""
    monkeypatch.setattr(
        "imaging.studio.create_unnamed_file", lambda _: os.open("/dev/full", os.O_RDWR)
    )


@pytest.fixture
def jpegs_opened(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """The options of every JPEG that is opened from now on: its header first, then its pixels."""
    opened: list[dict[str, object]] = []
    real = decoders.LOADERS[JPEG.name]

    def counted(*source: object, **options: object) -> object:
        opened.append(options)
        return real(*source, **options)

    monkeypatch.setitem(decoders.LOADERS, JPEG.name, counted)
    return opened
