from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from imagemill.imaging.sandbox import Sandbox
from imaging.children import OTHERS, STUB
from imaging.studio import LIMITS, Studio, gradient


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    inputs, outputs = tmp_path / "inputs", tmp_path / "outputs"
    inputs.mkdir()
    outputs.mkdir()
    return Studio(inputs, outputs)


@pytest.fixture(autouse=True)
def _leave_out_others() -> None:
    OTHERS.clear()
    OTHERS.update(psutil.Process().children(recursive=True))


@pytest.fixture
def picture(studio: Studio) -> Path:
    return studio.save(gradient(32, 24), "picture.png")


@pytest.fixture
async def taken_over(picture: Path) -> AsyncIterator[Sandbox]:
    """A sandbox of one child, whose program is the stub."""
    del picture  # the stub renders it
    limits = replace(LIMITS, timeout=timedelta(seconds=20))
    async with Sandbox.open(1, limits, program=STUB) as sandbox:
        yield sandbox
