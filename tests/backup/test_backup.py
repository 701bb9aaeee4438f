"""A backup has all that was accepted before it, is verified, and is restored as it was."""

import asyncio
import fcntl
import gzip
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from imagemill.backup import save
from imagemill.backup.digests import file_sha256
from imagemill.backup.errors import BackupRejected
from imagemill.backup.file_copies import NotCopied, copy_files
from imagemill.backup.layout import FILES, read_manifest
from imagemill.backup.restore import check_backup, restore_backup
from imagemill.backup.save import make_backup
from imagemill.backup.tables import COPIED, NOT_COPIED
from imagemill.jobs.idempotency import accept_with_key
from imagemill.jobs.ids import new_job_id
from imagemill.jobs.job import IdempotencyKey, Status
from imagemill.jobs.job_files import JobFilesIndex
from imagemill.settings import Settings
from imagemill.settings.addresses import PostgresAddress
from imagemill.storage.keys import input_key
from imagemill.storage.protocol import Storage
from support.jobs import failed, new_job
from support.keys import Keyring
from support.servers import connect
from support.stored_jobs import write_file

from .installation import Installation, damage, doctors_problems, files, pick, rows


async def fill(installation: Installation, keyring: Keyring) -> None:
    """Add a job of each status, with keys, a webhook and an orphan."""
    keyring.add("ci")
    await installation.add_completed_job()
    await installation.add_completed_job()
    broken = await installation.add_claimed_job()
    await installation.leases.finish([failed(broken)])
    canceled = await installation.add_pending_job()
    installation.execute(
        "UPDATE jobs SET callback_url = 'http://r.example/' WHERE id = %s", canceled.id
    )
    await installation.job_store.cancel(canceled.id)
    pending = await installation.add_pending_job(b"a\\picture\twith\nall \x00 bytes")
    installation.execute(
        "INSERT INTO idempotency_keys (key, content_sha256, job_id) VALUES (%s, %s, %s)",
        *("a tab\tand a \\n", b"\x00\\\xff", pending.id),
    )
    await installation.add_claimed_job()
    write_file(installation.root / input_key(new_job_id(), ".jpg"), b"an orphan")


async def test_what_is_restored_elsewhere_is_what_was_backed_up(
    installation: Installation, keyring: Keyring, target: Settings, folder: Path
) -> None:
    await fill(installation, keyring)
    source, restored = installation.settings.postgres, target.postgres
    manifest = await make_backup(installation.settings, folder)
    result = await restore_backup(target, folder, replace=False)

    assert (manifest.files, manifest.tables["jobs"].rows) == (8, 6)
    assert (result.files_written, result.manifest) == (8, manifest)
    for table in ("api_keys", "secrets", "idempotency_keys", "file_deletions", "deliveries"):
        assert rows(restored, table) == rows(source, table), table
    assert len(rows(source, "jobs", without=["PROCESSING"])) == 5
    was_pending = ("PENDING", "PROCESSING")
    assert rows(restored, "jobs", without=["PENDING"]) == rows(source, "jobs", without=was_pending)
    root = Path(target.storage_url.removeprefix("file://"))
    kept = {
        key: content for key, content in files(installation.root).items() if content != b"an orphan"
    }
    assert files(root) == kept
    assert await doctors_problems(target) == {}


async def test_a_job_that_was_processed_waits_again_without_a_lost_attempt(
    installation: Installation, target: Settings, folder: Path
) -> None:
    claim = await installation.add_claimed_job()
    await make_backup(installation.settings, folder)
    await restore_backup(target, folder, replace=False)
    with connect(target.postgres) as connection:
        job = connection.execute("SELECT status, attempts, fence FROM jobs").fetchall()
        history = connection.execute("SELECT status FROM job_events ORDER BY id").fetchall()
    assert job == [(Status.PENDING, 0, claim.fence)]
    # The event of the release came after those that were restored, with an id of its own.
    assert [status for (status,) in history] == ["PENDING", "PROCESSING", "PENDING"]


async def test_a_job_that_is_deleted_meanwhile_is_not_in_the_backup(
    installation: Installation, target: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, deleted = [await installation.add_completed_job() for _ in range(2)]

    async def copy_after_deletion(storage: Storage, index: JobFilesIndex, at: Path) -> NotCopied:
        await installation.job_store.delete(deleted.id)
        await storage.delete(deleted.outputs[0].path)  # and its input a moment later
        return await copy_files(storage, index, at)

    monkeypatch.setattr(save, "copy_files", copy_after_deletion)
    manifest = await make_backup(installation.settings, folder)
    await restore_backup(target, folder, replace=False)
    assert (manifest.deleted_jobs, manifest.damaged) == ((str(deleted.id),), ())
    assert {*files(folder / FILES)} == {kept.input_path, kept.outputs[0].path}
    assert len(rows(target.postgres, "jobs")) == 1
    assert await doctors_problems(target) == {}


async def test_a_file_that_the_storage_has_lost_is_reported_and_the_rest_is_backed_up(
    installation: Installation, folder: Path
) -> None:
    await installation.add_completed_job()
    lost, changed = [await installation.add_completed_job() for _ in range(2)]
    (installation.root / lost.input_path).unlink()
    damage(installation.root / changed.outputs[0].path)
    manifest = await make_backup(installation.settings, folder)
    assert {*manifest.damaged} == {lost.input_path, changed.outputs[0].path}
    assert manifest.files == 4
    check_backup(folder)


async def test_the_backup_appears_when_it_is_complete_and_an_interrupted_one_is_replaced(
    installation: Installation, folder: Path
) -> None:
    job = await installation.add_completed_job()
    partial = folder.with_name("monday.partial")
    write_file(partial / FILES / "inputs" / "abc" / "of-another-day.jpg")
    with (partial / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # as a process does that makes a backup
        with pytest.raises(BackupRejected, match="Another process makes a backup in"):
            await make_backup(installation.settings, folder)
    assert not folder.exists()
    await make_backup(installation.settings, folder)
    assert {*files(folder / FILES)} == {job.input_path, job.outputs[0].path}
    assert sorted(path.name for path in folder.iterdir()) == [
        *("SHA256SUMS", "files", "manifest.json", "tables")
    ]
    assert not partial.exists()
    with pytest.raises(BackupRejected, match="exists already"):
        await make_backup(installation.settings, folder)


async def test_sha256sum_verifies_a_backup_too(installation: Installation, folder: Path) -> None:
    await installation.add_completed_job()
    await make_backup(installation.settings, folder)
    command = ["sha256sum", "--check", "--quiet", "SHA256SUMS"]
    assert subprocess.run(command, cwd=folder, check=False).returncode == 0


def drop_last_line(path: Path) -> None:
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))


def lose_rows(path: Path) -> None:
    path.write_bytes(gzip.compress(b""))


DAMAGES: list[tuple[str, Callable[[Path], object]]] = [
    ("files/inputs/*/*", damage),
    ("files/outputs/*/*", Path.unlink),
    ("tables/jobs.copy.gz", lose_rows),
    ("tables/secrets.copy.gz", Path.unlink),
    ("SHA256SUMS", drop_last_line),
    ("SHA256SUMS", Path.unlink),
    ("manifest.json", Path.unlink),
    ("manifest.json", lambda path: path.write_text("{}")),
    ("manifest.json", lambda path: path.write_text('{"format": 1, "tables": 3}')),
]


@pytest.mark.parametrize(("pattern", "change"), DAMAGES)
async def test_of_a_damaged_backup_nothing_is_restored(
    installation: Installation,
    target: Settings,
    folder: Path,
    pattern: str,
    change: Callable[[Path], object],
) -> None:
    await installation.add_completed_job()
    await make_backup(installation.settings, folder)
    change(pick(folder, pattern))
    with pytest.raises(BackupRejected):
        await restore_backup(target, folder, replace=True)
    assert rows(target.postgres, "jobs") == []
    assert not Path(target.storage_url.removeprefix("file://")).exists()


async def test_a_path_that_leads_out_of_the_storage_is_refused(
    installation: Installation, target: Settings, folder: Path
) -> None:
    await make_backup(installation.settings, folder)
    sums = folder / "SHA256SUMS"
    sums.write_text(sums.read_text() + "ab" * 32 + "  files/../../escaped\n")
    forged = read_manifest(folder).sums_sha256
    text = (folder / "manifest.json").read_text()
    (folder / "manifest.json").write_text(text.replace(forged, file_sha256(sums)))
    with pytest.raises(BackupRejected, match="is damaged"):
        await restore_backup(target, folder, replace=True)


async def test_what_is_there_is_replaced_only_when_that_is_asked_for(
    installation: Installation, target: Settings, folder: Path
) -> None:
    await installation.add_completed_job()
    await make_backup(installation.settings, folder)
    root = Path(target.storage_url.removeprefix("file://"))
    other = write_file(root / input_key(new_job_id(), ".jpg"), b"of another job")
    with pytest.raises(BackupRejected, match="The storage is not empty"):
        await restore_backup(target, folder, replace=False)
    other.unlink()
    with connect(target.postgres) as connection:
        connection.execute(
            "INSERT INTO jobs (id, input_path, input, pipeline)"
            " VALUES (gen_random_uuid(), 'x', '{}', '{}')"
        )
        with pytest.raises(BackupRejected, match=r"has jobs or keys\. To replace what is there"):
            await restore_backup(target, folder, replace=False)
    await restore_backup(target, folder, replace=True)
    assert rows(target.postgres, "jobs") == rows(installation.settings.postgres, "jobs")


async def test_an_interrupted_restore_is_repeated_and_writes_only_what_is_missing(
    installation: Installation, target: Settings, folder: Path
) -> None:
    jobs = [await installation.add_completed_job() for _ in range(3)]
    await make_backup(installation.settings, folder)
    root = Path(target.storage_url.removeprefix("file://"))
    write_file(root / jobs[0].input_path)
    write_file(root / jobs[1].outputs[0].path, b"with other bytes")
    restored = await restore_backup(target, folder, replace=False)
    assert restored.files_written == 5
    assert await doctors_problems(target) == {}


async def test_while_services_are_connected_nothing_is_restored(
    installation: Installation, folder: Path
) -> None:
    await installation.add_completed_job()
    await make_backup(installation.settings, folder)
    # The fixture's own pool has the name of a service's.
    with pytest.raises(BackupRejected, match="stop gateways and workers first"):
        await restore_backup(installation.settings, folder, replace=True)


async def test_a_backup_of_another_version_is_migrated_or_refused(
    installation: Installation, target: Settings, folder: Path
) -> None:
    await make_backup(installation.settings, folder)
    manifest, schema = folder / "manifest.json", read_manifest(folder).schema
    original = manifest.read_text()
    manifest.write_text(original.replace(f'"schema": "{schema}"', '"schema": "9999"'))
    with pytest.raises(BackupRejected, match="this version knows"):
        await restore_backup(target, folder, replace=False)
    manifest.write_text(original.replace(f'"schema": "{schema}"', '"schema": "0001"'))
    with pytest.raises(BackupRejected, match="restore into an empty database"):
        await restore_backup(target, folder, replace=True)


async def test_uploads_go_on_while_the_snapshot_is_read(
    installation: Installation, folder: Path
) -> None:
    before = [await installation.add_completed_job() for _ in range(20)]
    during: list[object] = []

    async def upload() -> None:
        while True:
            during.append(await installation.add_completed_job())

    uploads = asyncio.create_task(upload())
    manifest = await make_backup(installation.settings, folder)
    uploads.cancel()
    assert during
    assert manifest.tables["jobs"].rows >= len(before)
    assert manifest.damaged == ()
    assert {job.input_path for job in before} <= {*files(folder / FILES)}


def test_every_table_is_copied_or_left_out_on_purpose(migrated: PostgresAddress) -> None:
    with connect(migrated) as connection:
        found = connection.execute(
            "SELECT relname FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        ).fetchall()
    assert {name for (name,) in found} == {*COPIED, *NOT_COPIED}


async def test_an_idempotency_key_survives(
    installation: Installation, target: Settings, folder: Path
) -> None:
    await accept_with_key(
        installation.job_store, new_job(), IdempotencyKey("a-key", b"content", None)
    )
    manifest = await make_backup(installation.settings, folder)
    await restore_backup(target, folder, replace=False)
    assert rows(target.postgres, "idempotency_keys") == rows(
        installation.settings.postgres, "idempotency_keys"
    )
    assert manifest.damaged == ("inputs/abc/cat.jpg",)
