from pathlib import Path

import pytest
from redis import AuthenticationError, Redis

from imagemill.embedded.errors import EmbeddedError
from imagemill.embedded.valkey import Valkey


async def test_it_accepts_the_password(tmp_path: Path) -> None:
    async with Valkey.run(tmp_path) as valkey:
        with Redis.from_url(valkey.uri) as client:
            assert client.ping()


async def test_it_requires_the_password(tmp_path: Path) -> None:
    async with Valkey.run(tmp_path) as valkey:
        with Redis(port=valkey.port) as client, pytest.raises(AuthenticationError):
            client.get("key")


async def test_its_password_is_no_argument_that_others_can_read(tmp_path: Path) -> None:
    async with Valkey.run(tmp_path) as valkey:
        command = Path(f"/proc/{valkey.pid}/cmdline").read_text(encoding="utf-8")
        assert valkey.password not in command


async def test_it_never_evicts_and_writes_nothing_to_disk(tmp_path: Path) -> None:
    async with Valkey.run(tmp_path) as valkey:
        with Redis.from_url(valkey.uri, decode_responses=True) as client:
            assert client.config_get("maxmemory-policy", "save", "appendonly") == {
                "maxmemory-policy": "noeviction",
                "save": "",
                "appendonly": "no",
            }
    assert {path.name for path in tmp_path.iterdir()} == {
        "lock",
        "password",
        "port",
        "valkey.log",
    }


async def test_a_killed_server_restarts_on_its_port(tmp_path: Path) -> None:
    async with Valkey.run(tmp_path) as valkey:
        before = valkey.uri, valkey.pid
        await valkey.server.kill()
        await valkey.server.start()
        with Redis.from_url(before[0]) as client:
            assert client.ping()
        assert valkey.pid != before[1]


async def test_a_persisted_port_that_is_in_use_is_replaced(tmp_path: Path) -> None:
    async with Valkey.run(tmp_path / "a") as first:
        (tmp_path / "b").mkdir()
        (tmp_path / "b" / "port").write_text(str(first.port), encoding="ascii")
        async with Valkey.run(tmp_path / "b") as second:
            assert second.port != first.port


async def test_a_second_one_on_the_same_folder_is_rejected(tmp_path: Path) -> None:
    async with Valkey.run(tmp_path):
        with pytest.raises(EmbeddedError, match="Another imagemill uses the folder"):
            await Valkey.run(tmp_path).__aenter__()
