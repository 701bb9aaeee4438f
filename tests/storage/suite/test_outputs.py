"""The files of a scratch folder are published together, and nothing else that lies there."""

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from imagemill.storage.errors import NotAFile, StorageUnavailable
from imagemill.storage.keys import attempt_key
from imagemill.storage.protocol import Storage
from storage.backends import Backend
from storage.stored import publish, read

JOB = uuid4()
KEY = attempt_key(JOB, 1)


async def test_published_files_are_there_together(storage: Storage) -> None:
    files = {"a.webp": b"a", "b.webp": b"b" * 100_000}
    await publish(storage, KEY, files)
    assert {name: await read(storage, f"{KEY}/{name}") for name in files} == files


async def test_attempts_of_a_job_do_not_touch_each_others_outputs(storage: Storage) -> None:
    await publish(storage, attempt_key(JOB, 1), {"a.webp": b"first"})
    await publish(storage, attempt_key(JOB, 2), {"a.webp": b"second"})
    assert await read(storage, f"{attempt_key(JOB, 1)}/a.webp") == b"first"
    assert await read(storage, f"{attempt_key(JOB, 2)}/a.webp") == b"second"


async def test_what_is_not_published_goes_with_the_scratch_folder(
    backend: Backend, storage: Storage
) -> None:
    async with storage.scratch_folder() as folder:
        assert list(folder.iterdir()) == []
        (folder / "a.webp").write_bytes(b"a")
        (folder / "b").mkdir()
    assert not folder.exists()
    assert backend.count_files() == 0


@pytest.mark.parametrize("name", ["other.webp", ".hidden", "new\nline", "-rf", "a.webp.part", "ä"])
async def test_files_of_other_names_are_not_published(
    name: str, backend: Backend, storage: Storage
) -> None:
    async with storage.scratch_folder() as folder:
        (folder / "a.webp").write_bytes(b"a")
        (folder / name).write_bytes(b"hostile")
        (folder / f"{name}.folder").mkdir()
        (folder / f"{name}.folder" / "deep").write_bytes(b"hostile")
        (folder / f"{name}.link").symlink_to("/etc/passwd")
        await storage.publish(folder, KEY, ["a.webp"])
    assert await storage.sizes([KEY]) == {KEY: 1}
    assert backend.count_files() == 1


def _link(path: Path, target: Path) -> None:
    path.symlink_to(target)


def _link_to_nothing(path: Path, target: Path) -> None:
    path.symlink_to(target.with_name("nothing"))


def _folder(path: Path, _: Path) -> None:
    path.mkdir()


def _link_to_folder(path: Path, target: Path) -> None:
    path.symlink_to(target.parent)


@pytest.mark.parametrize("make", [_link, _link_to_nothing, _folder, _link_to_folder])
async def test_a_name_that_is_no_plain_file_refuses_all_outputs(
    make: Callable[[Path, Path], None], storage: Storage, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"of somebody else")
    async with storage.scratch_folder() as folder:
        (folder / "a.webp").write_bytes(b"a")
        make(folder / "b.webp", secret)
        with pytest.raises(NotAFile, match=r"b\.webp"):
            await storage.publish(folder, KEY, ["a.webp", "b.webp"])
    assert await storage.sizes([KEY, f"{KEY}/a.webp"]) == {}
    assert secret.read_bytes() == b"of somebody else"


async def test_a_folder_of_other_names_that_is_a_link_loses_the_link_alone(
    storage: Storage, tmp_path: Path
) -> None:
    kept = tmp_path / "elsewhere"
    kept.mkdir()
    (kept / "file").write_bytes(b"of somebody else")
    async with storage.scratch_folder() as folder:
        (folder / "a.webp").write_bytes(b"a")
        (folder / "link").symlink_to(kept)
        await storage.publish(folder, KEY, ["a.webp"])
    assert (kept / "file").read_bytes() == b"of somebody else"


async def test_a_file_that_is_missing_keeps_all_outputs_back(storage: Storage) -> None:
    async with storage.scratch_folder() as folder:
        (folder / "a.webp").write_bytes(b"a")
        with pytest.raises(StorageUnavailable):
            await storage.publish(folder, KEY, ["a.webp", "b.webp"])
    assert await storage.sizes([KEY, f"{KEY}/a.webp"]) == {}
