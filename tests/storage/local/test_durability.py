"""The order of syncs and names, which decides what is there after a power cut."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from imagemill.imaging.sandbox.unnamed_file import create_unnamed_file
from imagemill.storage.errors import StorageUnavailable
from imagemill.storage.local import unnamed_file
from imagemill.storage.local.local_storage import LocalStorage
from storage.stored import publish, read, store

KEY = "inputs/abc/cat.jpg"
OUTPUTS = "outputs/abc/job.1"


@pytest.fixture
def events(storage: LocalStorage, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is synced and named, as it happens; names that are made up anew are left out."""
    happened: list[str] = []
    fsync, rename, link = os.fsync, Path.rename, os.link

    def name(path: Path) -> str:
        if path.name.startswith("#"):  # what the kernel calls a file without a name
            return "content"
        key = path.relative_to(storage.root).as_posix()
        return "temporary" if ".work/" in key and key.count("/") == 2 else Path(key).name or "root"

    def watched_fsync(descriptor: int) -> None:
        fsync(descriptor)
        happened.append(f"sync {name(Path(f'/proc/self/fd/{descriptor}').readlink())}")

    def watched_rename(path: Path, target: Path) -> Path:
        renamed = rename(path, target)
        happened.append(f"rename {name(path)} to {name(target)}")
        return renamed

    def watched_link(path: str, target: Path, **options: Any) -> None:  # noqa: ANN401 - os.link's
        link(path, target, **options)
        happened.append(f"link {name(target)}")

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(Path, "rename", watched_rename)
    monkeypatch.setattr(os, "link", watched_link)
    return happened


@pytest.mark.parametrize("content", [b"picture", bytes(1_000_000)])
async def test_an_upload_is_named_and_then_it_and_its_name_are_synced(
    storage: LocalStorage, events: list[str], content: bytes
) -> None:
    await store(storage, "inputs/abc/first.jpg")  # finds out what the file system can do
    events.clear()
    await store(storage, "inputs/def/cat.jpg", content)
    assert events == [
        "sync inputs",  # names inputs/def
        "link cat.jpg",
        "sync content",
        "sync def",
    ]


@pytest.mark.parametrize("content", [b"picture", bytes(1_000_000)])
async def test_where_every_file_has_a_name_an_upload_has_a_temporary_one_first(
    storage: LocalStorage, events: list[str], content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unnamed_file, "UNNAMED", 0)
    await store(storage, KEY, content)
    assert events == [
        "sync root",  # names inputs
        "sync inputs",  # names inputs/abc
        "rename temporary to cat.jpg",
        "sync cat.jpg",
        "sync abc",
    ]
    assert [path.name for path in storage.root.rglob("*") if path.is_file()] == ["cat.jpg"]


async def test_uploads_that_come_together_share_the_sync_of_their_folder(
    storage: LocalStorage, events: list[str]
) -> None:
    await store(storage, "inputs/abc/first.jpg")
    events.clear()
    names = [f"{number}.jpg" for number in range(20)]
    await asyncio.gather(*(store(storage, f"inputs/abc/{name}") for name in names))
    assert sorted(storage.root.joinpath("inputs/abc").iterdir()) == sorted(
        storage.root / "inputs/abc" / name for name in [*names, "first.jpg"]
    )
    assert events.count("sync content") == len(names)
    assert events.count("sync abc") < len(names) / 2


async def test_an_upload_that_fails_does_not_fail_those_that_come_with_it(
    storage: LocalStorage,
) -> None:
    await store(storage, KEY)
    paths = ["inputs/abc/a.jpg", KEY, "inputs/abc/b.jpg"]  # the second is there already
    outcomes = await asyncio.gather(
        *(store(storage, path, b"new") for path in paths), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [type(None), StorageUnavailable, type(None)]
    assert await storage.sizes(paths) == {"inputs/abc/a.jpg": 3, KEY: 7, "inputs/abc/b.jpg": 3}


async def test_outputs_are_named_and_then_they_and_their_names_are_synced(
    storage: LocalStorage, events: list[str]
) -> None:
    await publish(storage, "outputs/abc/first.1", {"a.webp": b"a"})
    events.clear()
    await publish(storage, OUTPUTS, {"a.webp": b"a", "b.webp": b"b"})
    assert events == [
        "link job.1.a.webp",
        "link job.1.b.webp",
        "sync content",
        "sync content",
        "sync abc",
    ]


async def test_outputs_that_come_together_share_the_syncs_of_their_folders(
    storage: LocalStorage, events: list[str]
) -> None:
    await publish(storage, "outputs/abc/first.1", {"a.webp": b"a"})
    events.clear()
    await asyncio.gather(
        *(publish(storage, f"outputs/abc/{job}.1", {"a.webp": b"a"}) for job in range(20))
    )
    assert events.count("sync content") == 20
    assert events.count("sync abc") < 5


async def test_where_every_file_has_a_name_outputs_have_temporary_ones_first(
    storage: LocalStorage, events: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unnamed_file, "UNNAMED", 0)
    async with storage.scratch_folder() as folder:
        descriptor = create_unnamed_file(folder)
        os.write(descriptor, b"large")
        await storage.publish({f"{OUTPUTS}.a.webp": b"small", f"{OUTPUTS}.b.webp": descriptor})
        os.close(descriptor)
        assert await read(storage, f"{OUTPUTS}.a.webp") == b"small"
        assert await read(storage, f"{OUTPUTS}.b.webp") == b"large"
        assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    assert events[-3:] == ["sync job.1.a.webp", "sync job.1.b.webp", "sync abc"]


async def test_outputs_whose_names_are_not_durable_are_not_there(
    storage: LocalStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await publish(storage, "outputs/abc/first.1", {"a.webp": b"a"})
    monkeypatch.setattr(os, "fsync", failing_sync_of(storage.root / "outputs" / "abc"))
    with pytest.raises(StorageUnavailable):
        await publish(storage, OUTPUTS, {"a.webp": b"a", "b.webp": b"b"})
    assert await storage.sizes([OUTPUTS]) == {}


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
