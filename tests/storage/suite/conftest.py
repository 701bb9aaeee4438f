"""Every backend in turn, and a storage opened on it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from imagemill.storage.protocol import Storage
from storage.backends import BACKENDS, Backend


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    return BACKENDS[request.param](tmp_path / "deep" / "storage")


@pytest.fixture
async def storage(backend: Backend) -> AsyncIterator[Storage]:
    async with backend.open() as storage:
        yield storage
