"""A backup while uploads go on, and all of it again on another database and storage."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx

from conftest import Gateway
from imagemill.postgres.migrate import migrate, newest_version
from imagemill.settings.addresses import PostgresAddress
from support.client import client_of, upload, wait_for_end
from support.pictures import picture
from support.process import running_api, running_worker, wait_until
from support.servers import connect
from support.workers import note_worker


def imagemill(environment: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "imagemill", *arguments],
        env={"PATH": "", **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@contextmanager
def uploading(url: httpx.URL) -> Iterator[list[str]]:
    """Upload pictures one after the other until the block ends; yield the ids as they are known."""
    ids: list[str] = []
    stop = threading.Event()

    def run() -> None:
        with client_of(str(url), timeout=30) as client:
            while not stop.is_set():
                ids.append(upload(client, picture(), width="10"))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield ids
    finally:
        stop.set()
        thread.join()


@contextmanager
def empty_database(address: PostgresAddress) -> Iterator[PostgresAddress]:
    with connect(address) as connection:
        connection.execute("CREATE DATABASE elsewhere")
        try:
            yield replace(address, dbname="elsewhere")
        finally:
            connection.execute("DROP DATABASE elsewhere WITH (FORCE)")


def test_every_job_that_was_answered_before_is_there_after_a_restore_on_other_servers(
    gateway: Gateway, tmp_path: Path, postgres_address: PostgresAddress
) -> None:
    folder = tmp_path / "backup"
    with (
        running_worker(
            gateway.environment, tmp_path / "worker.log", "--concurrency", "1"
        ) as worker,
        uploading(gateway.client.base_url) as ids,
    ):
        wait_until(lambda: len(ids) >= 10, "some uploads are answered", worker.logged)
        wait_for_end(gateway.client, ids[0])
        answered = [*ids]
        made = imagemill(gateway.environment, "backup", str(folder))
        assert made.returncode == 0, made
        wait_until(lambda: len(ids) > len(answered), "uploads went on", worker.logged)

    with empty_database(postgres_address) as database:
        other = gateway.environment | {
            "PG_DBNAME": database.dbname,
            "STORAGE_URL": (tmp_path / "elsewhere").as_uri(),
        }
        restored = imagemill(other, "restore", str(folder))
        assert restored.returncode == 0, restored
        with (
            running_api(other, tmp_path / "api.log") as (_, url),
            running_worker(other, tmp_path / "other.log", "--concurrency", "1"),
            client_of(url, timeout=30) as client,
        ):
            jobs = [wait_for_end(client, job_id) for job_id in answered]
            assert {job["status"] for job in jobs} == {"COMPLETED"}
            for job in jobs:
                assert client.get(job["outputs"][0]["url"]).status_code == httpx.codes.OK
            checked = imagemill(other, "doctor", "--deep")
            assert (checked.returncode, checked.stdout.splitlines()[-1]) == (0, "All is well.")


def test_a_backup_of_an_earlier_schema_is_restored_and_migrated(
    environment: dict[str, str], postgres_address: PostgresAddress, tmp_path: Path
) -> None:
    folder = str(tmp_path / "backup")
    (tmp_path / "storage" / "tmp").mkdir(parents=True)
    with empty_database(postgres_address) as database:
        earlier = environment | {"PG_DBNAME": database.dbname}
        migrate(database, "0001")
        with connect(database) as connection:
            connection.execute("INSERT INTO secrets (name, value) VALUES ('of-old', 'abc')")
        made = imagemill(earlier, "backup", folder)
        assert made.returncode == 0, made
    with empty_database(postgres_address) as database:
        elsewhere = environment | {"PG_DBNAME": database.dbname}
        restored = imagemill(elsewhere, "restore", folder)
        assert restored.returncode == 0, restored
        with connect(database) as connection:
            (version,) = connection.execute("SELECT version_num FROM alembic_version").fetchall()
            (secret,) = connection.execute("SELECT name FROM secrets").fetchall()
    assert (version, secret) == ((newest_version(),), ("of-old",))
    migrations = [json.loads(line)["migration"] for line in restored.stderr.splitlines()]
    assert migrations[:2] == ["0001_schema", "0002_workers"]


def test_a_storage_that_has_lost_files_makes_the_command_fail_after_it_saved_the_rest(
    gateway: Gateway, tmp_path: Path, postgres_address: PostgresAddress
) -> None:
    note_worker(postgres_address)
    job = gateway.client.get(f"/jobs/{upload(gateway.client, picture())}").json()
    upload(gateway.client, picture())
    (gateway.storage / job["input_path"]).unlink()
    made = imagemill(gateway.environment, "backup", str(tmp_path / "backup"))
    assert made.returncode == 1
    assert "Backed up 2 jobs with 1 file," in made.stdout
    assert f"could not be backed up: {job['input_path']}" in made.stdout
    checked = imagemill(gateway.environment, "restore", "--check", str(tmp_path / "backup"))
    assert (checked.returncode, "is complete and unchanged" in checked.stdout) == (0, True)
