"""`imagemill doctor` as a person and a script run it."""

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


@dataclass(frozen=True, slots=True)
class Visit:
    status: int
    said: str
    errors: str

    @property
    def verdicts(self) -> dict[str, str]:
        """The worst verdict of each section."""
        order = ("ok", "warn", "bad", "unknown")
        sections: list[dict[str, Any]] = json.loads(self.said)["sections"]
        return {
            section["name"]: max((f["verdict"] for f in section["findings"]), key=order.index)
            for section in sections
        }


def visit(environment: dict[str, str], *options: str) -> Visit:
    ended = subprocess.run(
        [sys.executable, "-m", "imagemill", "doctor", *options],
        env={"PATH": "", **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Visit(ended.returncode, ended.stdout, ended.stderr)


@pytest.fixture
def sound(environment: dict[str, str]) -> dict[str, str]:
    """The environment of a mill with nothing amiss."""
    (storage_of(environment) / "tmp").mkdir(parents=True)
    return environment


def orphan(environment: dict[str, str]) -> Path:
    return write_file(storage_of(environment) / input_key(new_job_id(), ".jpg"))


def test_a_sound_mill_ends_with_zero(sound: dict[str, str]) -> None:
    told, scripted = visit(sound), visit(sound, "--json")
    assert (told.status, scripted.status) == (0, 0), told
    assert told.said.rstrip().endswith("All is well.")
    assert "PostgreSQL" in told.said
    assert scripted.verdicts == dict.fromkeys(
        ("ledger", "line", "storage", "sandbox", "formats"), "ok"
    )
    assert json.loads(scripted.said)["mended"] is None
    assert told.errors == scripted.errors == ""


def test_something_to_mend_ends_with_one_and_once_mended_with_zero(sound: dict[str, str]) -> None:
    file = orphan(sound)
    before = visit(sound)
    assert before.status == 1
    assert "→" in before.said
    assert before.said.rstrip().endswith("There is something to mend.")
    assert file.exists()
    mended = visit(sound, "--fix")
    assert mended.status == 0
    assert f"mended   Moved {file.relative_to(storage_of(sound))} to quarantine." in mended.said
    assert not file.exists()


def test_without_postgres_the_rest_is_examined_and_the_end_is_two(sound: dict[str, str]) -> None:
    orphan(sound)
    found = visit(sound | {"PG_PORT": str(free_port())}, "--json", "--fix")
    assert found.status == 2
    assert found.verdicts == {
        "ledger": "unknown", "line": "ok", "storage": "ok", "sandbox": "ok", "formats": "ok",
    }  # fmt: skip
    assert json.loads(found.said)["mended"] is None


def test_without_storage_the_rest_is_examined_and_the_end_is_two(
    environment: dict[str, str],
) -> None:
    found = visit(environment, "--json")
    assert (found.status, found.verdicts["storage"]) == (2, "unknown")
    assert found.verdicts["ledger"] == "ok"
    assert not storage_of(environment).exists()


def test_an_empty_database_is_left_empty(
    sound: dict[str, str], postgres_address: PostgresAddress
) -> None:
    with connect(postgres_address) as connection:
        connection.execute("CREATE DATABASE bare")
        try:
            found = visit(sound | {"PG_DBNAME": "bare"}, "--fix")
        finally:
            connection.execute("DROP DATABASE bare WITH (FORCE)")
    assert found.status == 1
    assert "The schema is missing" in found.said
    assert "mended" not in found.said


def test_a_wrong_setting_is_named_and_ends_with_two(sound: dict[str, str]) -> None:
    found = visit(sound | {"PG_PORT": "many"})
    assert found.status == 2
    assert found.errors.startswith("imagemill: PG_PORT=many ")
