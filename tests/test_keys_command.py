"""`imagemill keys`: once as a subprocess beside a running gateway, then as functions."""

import json
import os
import re
import subprocess
import sys
from typing import Any

import httpx
import pytest

from conftest import Gateway
from imagemill.cli.keys import KeyCommandRejected, add, revoke, show
from imagemill.settings import Settings
from support.keys import Keyring, authorization

KEY = re.compile(r"imk_[0-9a-f]{32}_[0-9A-Za-z]{43}\n")

Capture = pytest.CaptureFixture[str]


def keys(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "imagemill", "keys", *arguments],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def settings(keyring: Keyring) -> Settings:
    """Settings of a database without any key."""
    address = keyring.address
    return Settings.model_validate(
        {
            "pg_host": address.host,
            "pg_port": address.port,
            "pg_user": address.user,
            "pg_password": address.password,
            "pg_dbname": address.dbname,
        }
    )


async def listed(settings: Settings, capture: Capture) -> list[dict[str, Any]]:
    capture.readouterr()
    await show(settings, as_json=True)
    return list(json.loads(capture.readouterr().out)["keys"])


@pytest.mark.usefixtures("keyring")
def test_a_key_is_added_used_listed_and_revoked_while_the_gateway_runs(
    gateway: Gateway, addresses: dict[str, str]
) -> None:
    client = gateway.client
    assert client.get("/jobs").status_code == httpx.codes.OK

    added = keys("add", "ci", **addresses)
    assert KEY.fullmatch(added.stdout), added
    assert "it is not shown again" in added.stderr
    assert '"event": "key.added"' in added.stderr
    assert added.stdout[-44:-1] not in added.stderr
    key = authorization(added.stdout.strip())
    assert client.get("/jobs").status_code == httpx.codes.UNAUTHORIZED
    assert client.get("/jobs", headers=key).status_code == httpx.codes.OK

    shown = keys("list", **addresses)
    assert re.search(r"ci +[0-9a-f-]{36} +own jobs", shown.stdout), shown
    assert added.stdout[-44:-1] not in shown.stdout

    revoked = keys("revoke", "ci", **addresses)
    assert (revoked.returncode, revoked.stdout) == (0, "")
    assert "all are rejected until you add another" in revoked.stderr
    assert '"event": "key.revoked"' in revoked.stderr
    assert client.get("/jobs", headers=key).status_code == httpx.codes.UNAUTHORIZED
    assert client.get("/jobs").status_code == httpx.codes.UNAUTHORIZED


def test_without_postgres_the_command_fails_at_once_with_a_message(
    addresses: dict[str, str],
) -> None:
    ended = keys("add", "ci", **(addresses | {"PG_PORT": "1"}))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(
        "imagemill: PostgreSQL at 127.0.0.1:1/imagemill is unavailable: "
    )


async def test_an_admin_key_is_listed_as_one(settings: Settings, capsys: Capture) -> None:
    await add(settings, "boss", is_admin=True)
    key = capsys.readouterr().out
    (entry,) = await listed(settings, capsys)
    assert (entry["name"], entry["is_admin"], entry["revoked_at"]) == ("boss", True, None)
    assert entry["id"].replace("-", "") in key


async def test_each_key_is_a_line_for_scripts_however_long_its_name_is(
    settings: Settings, capsys: Capture
) -> None:
    name = "a very long name " * 3 + "of a key"
    await add(settings, name, is_admin=False)
    capsys.readouterr()
    await show(settings, as_json=False)
    heading, line = capsys.readouterr().out.splitlines()
    assert heading.split() == ["name", "id", "access", "created", "revoked"]
    assert line.startswith(f"{name}  ")
    assert "own jobs" in line


async def test_a_key_for_metrics_is_no_admins(settings: Settings, capsys: Capture) -> None:
    await add(settings, "prometheus", is_admin=False, is_metrics_only=True)
    (entry,) = await listed(settings, capsys)
    assert (entry["is_admin"], entry["is_metrics_only"]) == (False, True)
    await show(settings, as_json=False)
    assert re.search(r"prometheus +[0-9a-f-]{36} +metrics ", capsys.readouterr().out)
    with pytest.raises(KeyCommandRejected, match="give one of the options"):
        await add(settings, "both", is_admin=True, is_metrics_only=True)


async def test_a_name_that_is_taken_or_invalid_is_rejected(
    settings: Settings, capsys: Capture
) -> None:
    await add(settings, "ci", is_admin=False)
    with pytest.raises(KeyCommandRejected, match="There is already a key 'ci'"):
        await add(settings, "ci", is_admin=True)
    with pytest.raises(KeyCommandRejected, match=r"'a\\nb' cannot be the name of a key"):
        await add(settings, "a\nb", is_admin=False)
    assert [key["is_admin"] for key in await listed(settings, capsys)] == [False]


async def test_the_name_of_a_revoked_key_is_free_again(settings: Settings, capsys: Capture) -> None:
    await add(settings, "ci", is_admin=False)
    await revoke(settings, "ci")
    await add(settings, "ci", is_admin=False)
    entries = await listed(settings, capsys)
    assert [key["revoked_at"] is None for key in entries] == [False, True]


@pytest.mark.parametrize("dash", ["-", ""])  # as in the list, as in the key
async def test_a_key_is_revoked_by_its_id_as_well(
    settings: Settings, capsys: Capture, dash: str
) -> None:
    await add(settings, "ci", is_admin=False)
    await add(settings, "other", is_admin=False)
    key_id = (await listed(settings, capsys))[0]["id"]
    await revoke(settings, key_id.replace("-", dash))
    assert "It was the last key" not in capsys.readouterr().err
    entries = await listed(settings, capsys)
    assert [key["revoked_at"] is None for key in entries] == [False, True]


async def test_an_unknown_or_revoked_key_cannot_be_revoked(settings: Settings) -> None:
    await add(settings, "ci", is_admin=False)
    await revoke(settings, "ci")
    with pytest.raises(KeyCommandRejected, match="The key 'ci' is already revoked"):
        await revoke(settings, "ci")
    with pytest.raises(KeyCommandRejected, match="There is no key 'nobody': "):
        await revoke(settings, "nobody")


async def test_an_empty_list_says_how_to_add_a_key(settings: Settings, capsys: Capture) -> None:
    await show(settings, as_json=False)
    printed = capsys.readouterr()
    assert (printed.out, "`imagemill keys add NAME`" in printed.err) == ("", True)
