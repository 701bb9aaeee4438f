"""An upload is stored as a whole once it is committed, or leaves nothing."""

import hashlib
import os
from uuid import uuid4

import pytest

from imagemill.storage.errors import FileMissing, StorageFull
from imagemill.storage.keys import input_key
from imagemill.storage.protocol import Storage
from storage.backends import Backend
from storage.stored import read, store

KEY = input_key(uuid4(), ".jpg")


async def test_a_committed_file_has_its_bytes_size_and_hash(storage: Storage) -> None:
    content = os.urandom(1_300_000)
    async with storage.begin(len(content)) as pending_file:
        for start in range(0, len(content), 65536):
            await pending_file.write(content[start : start + 65536])
        assert pending_file.size == len(content)
        stored = await pending_file.commit(KEY)
    assert (stored.size, stored.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert await read(storage, KEY) == content


async def test_the_hash_of_what_came_so_far_is_known_before_the_commit(storage: Storage) -> None:
    async with storage.begin() as pending_file:
        await pending_file.write(b"pic")
        assert await pending_file.sha256() == hashlib.sha256(b"pic").hexdigest()
        await pending_file.write(b"ture")
        assert await pending_file.sha256() == hashlib.sha256(b"picture").hexdigest()
        await pending_file.commit(KEY)
    assert await read(storage, KEY) == b"picture"


async def test_a_file_is_visible_as_soon_as_it_is_committed_and_not_before(
    backend: Backend, storage: Storage
) -> None:
    async with backend.open() as other, storage.begin() as pending_file:
        await pending_file.write(b"x" * 2_000_000)
        with pytest.raises(FileMissing):
            await other.size(KEY)
        await pending_file.commit(KEY)
        assert await other.size(KEY) == 2_000_000


async def test_a_committed_file_outlives_the_process_that_stored_it(backend: Backend) -> None:
    async with backend.open() as storage:
        await store(storage, KEY)
    async with backend.open() as storage:
        assert await read(storage, KEY) == b"picture"


async def test_a_file_that_is_not_committed_leaves_nothing(
    backend: Backend, storage: Storage
) -> None:
    async with storage.begin() as pending_file:
        await pending_file.write(b"x" * 2_000_000)
    assert backend.count_files() == 0


async def test_an_upload_that_fails_leaves_nothing(backend: Backend, storage: Storage) -> None:
    async def upload() -> None:
        async with storage.begin() as pending_file:
            await pending_file.write(b"x" * 2_000_000)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await upload()
    assert backend.count_files() == 0


async def test_an_empty_file_is_a_file(storage: Storage) -> None:
    await store(storage, KEY, b"")
    assert await storage.size(KEY) == 0
    assert await read(storage, KEY) == b""


async def test_an_upload_that_would_not_leave_the_reserve_is_refused(backend: Backend) -> None:
    async with backend.open(reserve_bytes=1 << 60) as storage:
        with pytest.raises(StorageFull):
            async with storage.begin():
                pass
    assert backend.count_files() == 0
