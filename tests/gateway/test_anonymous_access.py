"""Where a gateway without an API key may listen, and which requests it accepts there."""

import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from imagemill.errors import SettingsError
from imagemill.gateway.auth.anonymous_access import is_loopback
from support.keys import Headers, Keyring
from support.process import free_port, running, wait_until

EVERYWHERE = "0.0.0.0"  # noqa: S104 - what these tests are about


@contextmanager
def listening_everywhere(environment: Mapping[str, str], log: Path) -> Iterator[str]:
    port = free_port()
    command = ["api", "--host", EVERYWHERE, "--port", str(port)]
    with running(command, environment, log) as service:
        wait_until(lambda: is_listening(port), "the gateway listens", service.logged)
        yield f"http://127.0.0.1:{port}"


def status_of(url: str, key: Headers | None = None) -> int:
    return httpx.get(url, headers=key, timeout=30).status_code


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_loopback_addresses_are_recognized(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", EVERYWHERE, "0", "::", "192.0.2.1", "::ffff:192.0.2.1"])
def test_other_addresses_are_not_loopback(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize("host", ["..", "a" * 300])
def test_a_host_without_an_address_is_reported(host: str) -> None:
    with pytest.raises(SettingsError, match=f"--host {host} is not usable"):
        is_loopback(host)


@pytest.mark.parametrize("host", [EVERYWHERE, "::", ""])
def test_without_a_key_a_gateway_that_others_reach_does_not_start(
    host: str, environment: dict[str, str], tmp_path: Path
) -> None:
    port = free_port()
    command = ["api", "--host", host, "--port", str(port)]
    with running(command, environment, tmp_path / "api.log") as service:
        try:
            status = service.process.wait(60)
        except subprocess.TimeoutExpired:
            pytest.fail(f"it listens\n{service.logged()}")
        last = service.logged().splitlines()[-1]
    assert status != 0
    assert last.startswith(f"imagemill: --host {host or repr('')} is reachable from other machines")
    assert "imagemill keys add NAME" in last
    assert "ALLOW_ANONYMOUS=true" in last


def test_anonymous_callers_may_be_allowed_until_there_is_a_key(
    environment: dict[str, str], keyring: Keyring, tmp_path: Path
) -> None:
    anonymous = environment | {"ALLOW_ANONYMOUS": "true"}
    with listening_everywhere(anonymous, tmp_path / "api.log") as url:
        assert status_of(f"{url}/jobs") == httpx.codes.OK
        key = keyring.add("ci")
        assert status_of(f"{url}/jobs") == httpx.codes.UNAUTHORIZED
        assert status_of(f"{url}/jobs", key) == httpx.codes.OK


def test_with_a_key_a_gateway_listens_anywhere_and_should_it_vanish_lets_nobody_in(
    environment: dict[str, str], keyring: Keyring, tmp_path: Path
) -> None:
    key = keyring.add("ci")
    with listening_everywhere(environment, tmp_path / "api.log") as url:
        assert status_of(f"{url}/jobs", key) == httpx.codes.OK
        keyring.remove_all()
        assert status_of(f"{url}/jobs", key) == httpx.codes.UNAUTHORIZED
        assert status_of(f"{url}/jobs") == httpx.codes.UNAUTHORIZED
        assert status_of(f"{url}/healthz") == httpx.codes.OK


def test_a_revoked_key_is_one_that_has_been(
    environment: dict[str, str], keyring: Keyring, tmp_path: Path
) -> None:
    keyring.add("ci")
    keyring.revoke("ci")
    with listening_everywhere(environment, tmp_path / "api.log") as url:
        assert status_of(f"{url}/jobs") == httpx.codes.UNAUTHORIZED
