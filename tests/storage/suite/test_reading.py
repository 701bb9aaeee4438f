"""Stored files are read in ranges, or opened for an image process."""

import os
from uuid import uuid4

import pytest

from imagemill.storage.errors import FileMissing
from imagemill.storage.keys import attempt_key, input_key
from imagemill.storage.protocol import Storage
from storage.stored import publish, read, store

JOB = uuid4()
KEY = input_key(JOB, ".jpg")


@pytest.mark.parametrize(
    ("start", "end"), [(0, 600_000), (0, 1), (599_999, 600_000), (1000, 590_000), (5, 5)]
)
async def test_a_range_has_exactly_its_bytes(start: int, end: int, storage: Storage) -> None:
    content = os.urandom(600_000)
    await store(storage, KEY, content)
    chunks = [chunk async for chunk in storage.read_range(KEY, start, end)]
    assert b"".join(chunks) == content[start:end]


async def test_a_range_beyond_the_end_stops_there(storage: Storage) -> None:
    await store(storage, KEY, b"picture")
    assert [chunk async for chunk in storage.read_range(KEY, 4, 1000)] == [b"ure"]


async def test_a_missing_file_is_distinguished_from_an_empty_one(storage: Storage) -> None:
    with pytest.raises(FileMissing, match=KEY):
        await storage.size(KEY)
    with pytest.raises(FileMissing, match=KEY):
        await anext(aiter(storage.read_range(KEY, 0, 1)))
    with pytest.raises(FileMissing, match=KEY):
        async with storage.open_input(KEY):
            pass


async def test_an_open_input_can_be_read_and_not_written(storage: Storage) -> None:
    await store(storage, KEY, b"picture")
    async with storage.open_input(KEY) as descriptor:
        assert os.pread(descriptor, 100, 0) == b"picture"
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.write(descriptor, b"x")
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
    assert await read(storage, KEY) == b"picture"


async def test_sizes_are_those_of_what_is_stored_under_each_key(storage: Storage) -> None:
    await store(storage, KEY, b"picture")
    await publish(storage, attempt_key(JOB, 1), {"a.webp": b"a", "b.webp": b"bb"})
    asked = [KEY, attempt_key(JOB, 1), f"{attempt_key(JOB, 1)}.b.webp", attempt_key(JOB, 2)]
    assert await storage.sizes(asked) == {asked[0]: 7, asked[1]: 3, asked[2]: 2}
    assert await storage.sizes([f"{KEY}/below"]) == {}
