"""`imagemill doctor` run as a subprocess."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from imagemill.jobs.ids import new_job_id
from imagemill.settings.addresses import PostgresAddress
from imagemill.storage.keys import input_key
from support.client import storage_of
from support.process import free_port
from support.servers import connect
from support.stored_jobs import write_file
from support.workers import note_worker


@dataclass(frozen=True, slots=True)
class DoctorRun:
    status: int
    stdout: str
    stderr: str

    @property
    def verdicts(self) -> dict[str, str]:
        """The worst verdict of each section."""
        order = ("ok", "warn", "bad", "unknown")
        sections: list[dict[str, Any]] = json.loads(self.stdout)["sections"]
        return {
            section["name"]: max((f["verdict"] for f in section["findings"]), key=order.index)
            for section in sections
        }


def run_doctor(environment: dict[str, str], *options: str) -> DoctorRun:
    ended = subprocess.run(
        [sys.executable, "-m", "imagemill", "doctor", *options],
        env={"PATH": "", **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return DoctorRun(ended.returncode, ended.stdout, ended.stderr)


@pytest.fixture
def healthy(environment: dict[str, str], postgres_address: PostgresAddress) -> dict[str, str]:
    """The environment of an installation without problems."""
    (storage_of(environment) / "tmp").mkdir(parents=True)
    note_worker(postgres_address)
    return environment


def orphan(environment: dict[str, str]) -> Path:
    return write_file(storage_of(environment) / input_key(new_job_id(), ".jpg"))


def test_a_healthy_installation_has_status_zero(healthy: dict[str, str]) -> None:
    shown, scripted = run_doctor(healthy), run_doctor(healthy, "--json")
    assert (shown.status, scripted.status) == (0, 0), shown
    assert shown.stdout.rstrip().endswith("All is well.")
    assert "PostgreSQL" in shown.stdout
    assert scripted.verdicts == dict.fromkeys(
        ("postgres", "redis", "storage", "sandbox", "formats"), "ok"
    )
    assert json.loads(scripted.stdout)["fixed"] is None
    assert shown.stderr == scripted.stderr == ""


def test_a_problem_has_status_one_and_once_it_is_fixed_zero(healthy: dict[str, str]) -> None:
    file = orphan(healthy)
    before = run_doctor(healthy)
    assert before.status == 1
    assert "→" in before.stdout
    assert before.stdout.rstrip().endswith("Something needs attention.")
    assert file.exists()
    fixed = run_doctor(healthy, "--fix")
    assert fixed.status == 0
    assert f"fixed    Moved {file.relative_to(storage_of(healthy))} to quarantine." in fixed.stdout
    assert not file.exists()


def test_without_postgres_the_rest_is_checked_and_the_status_is_two(
    healthy: dict[str, str],
) -> None:
    orphan(healthy)
    found = run_doctor(healthy | {"PG_PORT": str(free_port())}, "--json", "--fix")
    assert found.status == 2
    assert found.verdicts == {
        "postgres": "unknown", "redis": "ok", "storage": "ok", "sandbox": "ok", "formats": "ok",
    }  # fmt: skip
    assert json.loads(found.stdout)["fixed"] is None


def test_without_storage_the_rest_is_checked_and_the_status_is_two(
    environment: dict[str, str], postgres_address: PostgresAddress
) -> None:
    note_worker(postgres_address)
    found = run_doctor(environment, "--json")
    assert (found.status, found.verdicts["storage"]) == (2, "unknown")
    assert found.verdicts["postgres"] == "ok"
    assert not storage_of(environment).exists()


def test_an_empty_database_is_left_empty(
    healthy: dict[str, str], postgres_address: PostgresAddress
) -> None:
    with connect(postgres_address) as connection:
        connection.execute("CREATE DATABASE bare")
        try:
            found = run_doctor(healthy | {"PG_DBNAME": "bare"}, "--fix")
        finally:
            connection.execute("DROP DATABASE bare WITH (FORCE)")
    assert found.status == 1
    assert "The schema is missing" in found.stdout
    assert "fixed" not in found.stdout


def test_a_wrong_setting_is_named_and_has_status_two(healthy: dict[str, str]) -> None:
    found = run_doctor(healthy | {"PG_PORT": "many"})
    assert found.status == 2
    assert found.stderr.startswith("imagemill: PG_PORT=many ")
