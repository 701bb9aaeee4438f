"""Units are moved to quarantine, listed there, restored and deleted, and never overwritten."""

from datetime import date
from uuid import uuid4

from imagemill.storage.keys import attempt_key, input_key, outputs_key
from imagemill.storage.protocol import QuarantinedUnit, Storage
from storage.backends import Backend
from storage.stored import publish, read, store

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)
JOB = uuid4()
INPUT, OUTPUTS = input_key(JOB, ".jpg"), attempt_key(JOB, 1)
QUARANTINED = [QuarantinedUnit(MONDAY, INPUT, JOB), QuarantinedUnit(TUESDAY, OUTPUTS, JOB)]


async def quarantine_both(storage: Storage) -> None:
    await store(storage, INPUT)
    await publish(storage, OUTPUTS, {"a.webp": b"a", "b.webp": b"bb"})
    assert await storage.quarantine.add([OUTPUTS], TUESDAY) == [OUTPUTS]
    assert await storage.quarantine.add([INPUT], MONDAY) == [INPUT]


async def test_an_empty_quarantine_lists_nothing(storage: Storage) -> None:
    assert await storage.quarantine.list_units() == []
    await storage.quarantine.delete_keys([INPUT])


async def test_quarantined_units_are_out_of_the_way_and_listed_oldest_first(
    storage: Storage,
) -> None:
    await quarantine_both(storage)
    assert await storage.sizes([INPUT, OUTPUTS, outputs_key(JOB)]) == {}
    assert await storage.list_units(JOB.hex[6:9]) == []
    assert await storage.quarantine.list_units() == QUARANTINED
    assert await storage.quarantine.total_size(QUARANTINED) == 10
    assert await storage.quarantine.total_size(QUARANTINED[1:]) == 3


async def test_restored_units_are_back_as_they_were(storage: Storage) -> None:
    await quarantine_both(storage)
    assert await storage.quarantine.restore(QUARANTINED) == [INPUT, OUTPUTS]
    assert await read(storage, INPUT) == b"picture"
    assert await read(storage, f"{OUTPUTS}.b.webp") == b"bb"
    assert await storage.quarantine.list_units() == []
    assert await storage.quarantine.restore(QUARANTINED) == []


async def test_a_unit_is_never_restored_over_another_one(storage: Storage) -> None:
    await quarantine_both(storage)
    await store(storage, INPUT, b"newer")
    assert await storage.quarantine.restore(QUARANTINED[:1]) == []
    assert await read(storage, INPUT) == b"newer"
    assert await storage.quarantine.list_units() == QUARANTINED


async def test_a_unit_is_never_quarantined_over_another_one(storage: Storage) -> None:
    await quarantine_both(storage)
    await store(storage, INPUT, b"newer")
    assert await storage.quarantine.add([INPUT], MONDAY) == []
    assert await read(storage, INPUT) == b"newer"
    assert await storage.quarantine.add([INPUT], TUESDAY) == [INPUT]
    assert len(await storage.quarantine.list_units()) == 3


async def test_a_unit_that_is_gone_is_skipped(storage: Storage) -> None:
    await store(storage, INPUT)
    assert await storage.quarantine.add([OUTPUTS, INPUT], MONDAY) == [INPUT]


async def test_deleted_units_are_gone_and_others_stay(backend: Backend, storage: Storage) -> None:
    await quarantine_both(storage)
    for _ in range(2):
        await storage.quarantine.delete(QUARANTINED[1:])
        assert await storage.quarantine.list_units() == QUARANTINED[:1]
    await storage.quarantine.delete(QUARANTINED)
    assert backend.count_files() == 0


async def test_of_a_key_everything_is_deleted_whatever_its_day(
    backend: Backend, storage: Storage
) -> None:
    await quarantine_both(storage)
    await store(storage, INPUT, b"newer")
    await storage.quarantine.add([INPUT], TUESDAY)
    other = input_key(uuid4(), ".jpg")
    await store(storage, other)
    await storage.quarantine.add([other], TUESDAY)
    await storage.quarantine.delete_keys([INPUT, outputs_key(JOB)])
    assert [unit.key for unit in await storage.quarantine.list_units()] == [other]
    assert backend.count_files() == 1


async def test_unfinished_files_are_quarantined_like_others(
    backend: Backend, storage: Storage
) -> None:
    key = backend.leave_unfinished(b"half")
    assert await storage.quarantine.add([key], MONDAY) == [key]
    assert await storage.list_unfinished() == []
    assert await storage.quarantine.list_units() == [QuarantinedUnit(MONDAY, key, None)]
    await store(storage, INPUT)
