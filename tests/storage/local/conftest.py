"""A storage in a folder."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from imagemill.storage.local.local_storage import LocalStorage


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[LocalStorage]:
    async with LocalStorage.open(tmp_path / "storage", reserve_bytes=0) as storage:
        yield storage
