"""`imagemill process --server` against a gateway that requires API keys."""

from pathlib import Path

import httpx
import pytest

from support.keys import Keyring
from support.pictures import picture

from .cli import files_in, process


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    (tmp_path / "cat.jpg").write_bytes(picture())
    return tmp_path / "cat.jpg"


@pytest.mark.parametrize("by_option", [True, False])
def test_the_server_accepts_the_key_that_is_given(
    server_url: str, photo: Path, tmp_path: Path, keyring: Keyring, *, by_option: bool
) -> None:
    headers = keyring.add("ci")
    key = headers["Authorization"].removeprefix("Bearer ")
    arguments = (photo, "--out", tmp_path / "out", "--width", "32", "--server", server_url)
    option = ("--key", key) if by_option else ()
    run = process(*arguments, *option, environment={} if by_option else {"IMAGEMILL_API_KEY": key})
    assert run.status == 0, run.err
    assert files_in(tmp_path / "out") == ["cat.jpg"]
    assert len(httpx.get(f"{server_url}/jobs", headers=headers, timeout=30).json()["jobs"]) == 1


@pytest.mark.parametrize("option", [(), ("--key", "imk_wrong")])
def test_without_a_valid_key_nothing_is_sent_and_the_message_says_what_to_do(
    option: tuple[str, ...], server_url: str, photo: Path, tmp_path: Path, keyring: Keyring
) -> None:
    admin = keyring.add("boss", is_admin=True)
    run = process(photo, "--out", tmp_path / "out", "--server", server_url, *option)
    assert run.status == 2
    assert run.err == (
        "imagemill: The server requires an API key:"
        " set IMAGEMILL_API_KEY to a key that it accepts.\n"
    )
    assert files_in(tmp_path / "out") == []
    assert httpx.get(f"{server_url}/jobs", headers=admin, timeout=30).json()["jobs"] == []
