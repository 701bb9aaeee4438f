"""`imagemill keys`: once as the processes they are in use, beside a gateway that runs."""

import json
import os
import re
import subprocess
import sys
from typing import Any

import httpx
import pytest

from conftest import Gateway
from imagemill.cli.keys import KeyCommandRefused, add, revoke, show
from imagemill.settings import Settings
from support.keys import Keyring, authorization

KEY = re.compile(r"imk_[0-9a-f]{32}_[0-9A-Za-z]{43}\n")

Said = pytest.CaptureFixture[str]


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
    """Where the keys are; there is none yet."""
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


async def listed(settings: Settings, said: Said) -> list[dict[str, Any]]:
    said.readouterr()
    await show(settings, as_json=True)
    return list(json.loads(said.readouterr().out)["keys"])


@pytest.mark.usefixtures("keyring")
def test_a_key_is_made_used_shown_and_revoked_while_the_gateway_runs(
    gateway: Gateway, addresses: dict[str, str]
) -> None:
    client = gateway.client
    assert client.get("/jobs").status_code == httpx.codes.OK

    made = keys("add", "ci", **addresses)
    assert KEY.fullmatch(made.stdout), made
    assert "it is not shown again" in made.stderr
    assert '"event": "key.added"' in made.stderr
    assert made.stdout[-44:-1] not in made.stderr
    key = authorization(made.stdout.strip())
    assert client.get("/jobs").status_code == httpx.codes.UNAUTHORIZED
    assert client.get("/jobs", headers=key).status_code == httpx.codes.OK

    shown = keys("list", **addresses)
    assert re.search(r"ci +[0-9a-f-]{36} +its own", shown.stdout), shown
    assert made.stdout[-44:-1] not in shown.stdout

    revoked = keys("revoke", "ci", **addresses)
    assert (revoked.returncode, revoked.stdout) == (0, "")
    assert "nobody is let in until there is another" in revoked.stderr
    assert '"event": "key.revoked"' in revoked.stderr
    assert client.get("/jobs", headers=key).status_code == httpx.codes.UNAUTHORIZED
    assert client.get("/jobs").status_code == httpx.codes.UNAUTHORIZED


def test_without_postgres_the_command_ends_at_once_with_a_sentence(
    addresses: dict[str, str],
) -> None:
    ended = keys("add", "ci", **(addresses | {"PG_PORT": "1"}))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(
        "imagemill: PostgreSQL at 127.0.0.1:1/imagemill is unavailable: "
    )


async def test_an_admins_key_is_shown_as_one(settings: Settings, capsys: Said) -> None:
    await add(settings, "boss", is_admin=True)
    key = capsys.readouterr().out
    (told,) = await listed(settings, capsys)
    assert (told["name"], told["is_admin"], told["revoked_at"]) == ("boss", True, None)
    assert told["id"].replace("-", "") in key


async def test_a_name_that_is_taken_or_none_is_refused(settings: Settings, capsys: Said) -> None:
    await add(settings, "ci", is_admin=False)
    with pytest.raises(KeyCommandRefused, match="There is a key 'ci' already"):
        await add(settings, "ci", is_admin=True)
    with pytest.raises(KeyCommandRefused, match=r"'a\\nb' is no name for a key"):
        await add(settings, "a\nb", is_admin=False)
    assert [key["is_admin"] for key in await listed(settings, capsys)] == [False]


async def test_the_name_of_a_revoked_key_is_free_again(settings: Settings, capsys: Said) -> None:
    await add(settings, "ci", is_admin=False)
    await revoke(settings, "ci")
    await add(settings, "ci", is_admin=False)
    told = await listed(settings, capsys)
    assert [key["revoked_at"] is None for key in told] == [False, True]


@pytest.mark.parametrize("dash", ["-", ""])  # as in the list, as in the key
async def test_a_key_is_revoked_by_its_id_as_well(
    settings: Settings, capsys: Said, dash: str
) -> None:
    await add(settings, "ci", is_admin=False)
    await add(settings, "other", is_admin=False)
    key_id = (await listed(settings, capsys))[0]["id"]
    await revoke(settings, key_id.replace("-", dash))
    assert "It was the last one" not in capsys.readouterr().err
    told = await listed(settings, capsys)
    assert [key["revoked_at"] is None for key in told] == [False, True]


async def test_a_key_that_is_not_there_or_no_more_cannot_be_revoked(settings: Settings) -> None:
    await add(settings, "ci", is_admin=False)
    await revoke(settings, "ci")
    with pytest.raises(KeyCommandRefused, match="The key 'ci' is revoked already"):
        await revoke(settings, "ci")
    with pytest.raises(KeyCommandRefused, match="There is no key 'nobody': "):
        await revoke(settings, "nobody")


async def test_before_any_key_is_made_the_list_says_how(settings: Settings, capsys: Said) -> None:
    await show(settings, as_json=False)
    said = capsys.readouterr()
    assert (said.out, "`imagemill keys add NAME`" in said.err) == ("", True)
