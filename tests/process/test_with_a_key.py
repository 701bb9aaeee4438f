"""`imagemill process --server` against a gateway that asks for keys."""

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
def test_the_key_that_is_given_opens_the_server(
    mill: str, photo: Path, tmp_path: Path, keyring: Keyring, *, by_option: bool
) -> None:
    headers = keyring.add("ci")
    key = headers["Authorization"].removeprefix("Bearer ")
    asked = (photo, "--out", tmp_path / "out", "--width", "32", "--server", mill)
    option = ("--key", key) if by_option else ()
    run = process(*asked, *option, environment={} if by_option else {"IMAGEMILL_API_KEY": key})
    assert run.status == 0, run.err
    assert files_in(tmp_path / "out") == ["cat.jpg"]
    assert len(httpx.get(f"{mill}/jobs", headers=headers).json()["jobs"]) == 1


@pytest.mark.parametrize("option", [(), ("--key", "imk_wrong")])
def test_without_a_key_that_the_server_knows_nothing_is_sent_and_the_way_out_is_told(
    option: tuple[str, ...], mill: str, photo: Path, tmp_path: Path, keyring: Keyring
) -> None:
    admin = keyring.add("boss", is_admin=True)
    run = process(photo, "--out", tmp_path / "out", "--server", mill, *option)
    assert run.status == 2
    assert run.err == (
        "imagemill: The server asks for a key: give one that it knows, as IMAGEMILL_API_KEY.\n"
    )
    assert files_in(tmp_path / "out") == []
    assert httpx.get(f"{mill}/jobs", headers=admin).json()["jobs"] == []
