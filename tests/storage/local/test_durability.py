"""The order of syncs and renames, which decides what is there after a power cut."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from imagemill.storage.errors import StorageUnavailable
from imagemill.storage.local.local_storage import LocalStorage
from storage.stored import publish, store

KEY = "inputs/abc/cat.jpg"
OUTPUTS = "outputs/abc/job/1"


@pytest.fixture
def events(storage: LocalStorage, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is synced and renamed, as it happens; names that are made up anew are left out."""
    happened: list[str] = []
    fsync, rename = os.fsync, Path.rename

    def name(path: Path) -> str:
        key = path.relative_to(storage.root).as_posix()
        return "temporary" if ".work/" in key and key.count("/") == 2 else Path(key).name or "root"

    def watched_fsync(descriptor: int) -> None:
        fsync(descriptor)
        happened.append(f"sync {name(Path(f'/proc/self/fd/{descriptor}').readlink())}")

    def watched_rename(path: Path, target: Path) -> Path:
        happened.append(f"rename {name(path)} to {name(target)}")
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(Path, "rename", watched_rename)
    return happened


async def test_an_upload_is_synced_then_named_and_then_its_name_is_synced(
    storage: LocalStorage, events: list[str]
) -> None:
    await store(storage, KEY)
    assert events == [
        "sync temporary",
        "sync root",  # names inputs
        "sync inputs",  # names inputs/abc
        "rename temporary to cat.jpg",
        "sync abc",
    ]


async def test_outputs_are_synced_then_named_together_and_then_their_name_is_synced(
    storage: LocalStorage, events: list[str]
) -> None:
    await publish(storage, OUTPUTS, {"a.webp": b"a", "b.webp": b"b"})
    assert events == [
        "sync a.webp",
        "sync b.webp",
        "sync temporary",
        "sync root",
        "sync outputs",
        "sync abc",
        "rename temporary to 1",
        "sync job",
    ]


def failing_sync_of(folder: Path) -> Callable[[int], None]:
    fsync = os.fsync

    def fail(descriptor: int) -> None:
        if os.path.samestat(os.fstat(descriptor), folder.stat()):
            raise OSError(5, "Input/output error")
        fsync(descriptor)

    return fail


async def test_an_upload_whose_name_is_not_durable_is_not_there(
    storage: LocalStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store(storage, "inputs/abc/first.jpg")
    monkeypatch.setattr(os, "fsync", failing_sync_of(storage.root / "inputs" / "abc"))
    with pytest.raises(StorageUnavailable):
        await store(storage, KEY)
    assert await storage.sizes([KEY]) == {}
