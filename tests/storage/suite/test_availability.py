"""A storage that is away or full says so, and one that works proves it."""

from collections.abc import Awaitable, Callable
from datetime import date
from uuid import uuid4

import pytest

from imagemill.storage.errors import StorageFull, StorageUnavailable
from imagemill.storage.keys import attempt_key, input_key
from imagemill.storage.protocol import QuarantinedUnit, Storage
from storage.backends import Backend
from storage.stored import publish, store

KEY = input_key(uuid4(), ".jpg")


async def _upload(storage: Storage) -> None:
    await store(storage, input_key(uuid4(), ".jpg"))


async def _upload_large(storage: Storage) -> None:
    await store(storage, input_key(uuid4(), ".jpg"), bytes(1_000_000))


async def _open_input(storage: Storage) -> None:
    async with storage.open_input(KEY):
        pass


async def _read_range(storage: Storage) -> None:
    _ = [chunk async for chunk in storage.read_range(KEY, 0, 9)]


async def _scratch(storage: Storage) -> None:
    async with storage.scratch_folder():
        pass


OPERATIONS: list[Callable[[Storage], Awaitable[object]]] = [
    _upload,
    _upload_large,
    _open_input,
    _read_range,
    _scratch,
    lambda storage: storage.read(KEY),
    lambda storage: storage.size(KEY),
    lambda storage: storage.probe(),
    lambda storage: storage.now(),
    lambda storage: storage.delete_abandoned(),
]


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_a_storage_that_is_away_is_unavailable(
    operation: Callable[[Storage], Awaitable[object]], backend: Backend
) -> None:
    async with backend.open() as storage:
        await store(storage, KEY)
        backend.make_unavailable()
        with pytest.raises(StorageUnavailable):
            await operation(storage)


async def test_an_upload_in_progress_fails_when_the_storage_goes_away(backend: Backend) -> None:
    async with backend.open() as storage, storage.begin() as pending_file:
        await pending_file.write(b"picture")
        backend.make_unavailable()
        with pytest.raises(StorageUnavailable):
            await pending_file.commit(KEY)


async def test_outputs_are_not_published_when_the_storage_is_away(backend: Backend) -> None:
    async with backend.open() as storage:
        backend.make_unavailable()
        with pytest.raises(StorageUnavailable):
            await publish(storage, attempt_key(uuid4(), 1), {"a.webp": b"a"})


async def test_a_storage_that_is_away_cannot_be_opened(backend: Backend) -> None:
    async with backend.open():
        pass
    backend.make_unavailable()
    with pytest.raises(StorageUnavailable):
        async with backend.open():
            pass


async def test_nothing_is_quarantined_or_restored_while_the_storage_is_away(
    backend: Backend,
) -> None:
    day = date(2026, 3, 2)
    async with backend.open() as storage:
        await store(storage, KEY)
        await publish(storage, attempt_key(uuid4(), 1), {"a.webp": b"a"})
        backend.make_unavailable()
        with pytest.raises(StorageUnavailable):
            await storage.quarantine.add([KEY], day)
        with pytest.raises(StorageUnavailable):
            await storage.quarantine.restore([QuarantinedUnit(day, KEY, None)])


async def test_a_full_storage_stores_nothing(
    backend: Backend, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend.make_full(monkeypatch)
    for content in (b"picture", bytes(1_000_000)):
        with pytest.raises(StorageFull):
            await store(storage, KEY, content)
    with pytest.raises(StorageFull):
        await publish(storage, attempt_key(uuid4(), 1), {"a.webp": b"a"})
    with pytest.raises(StorageFull):
        await storage.probe()
    assert backend.count_files() == 0


async def test_a_probe_leaves_nothing(backend: Backend, storage: Storage) -> None:
    await storage.probe()
    await storage.now()
    assert backend.count_files() == 0


async def test_free_bytes_are_a_number_or_without_limit(storage: Storage) -> None:
    free = await storage.free_bytes()
    assert free is None or free > 0
