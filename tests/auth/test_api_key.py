"""API keys: format, parsing and verification."""

import itertools
import re
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from imagemill.auth.api_key import ApiKey, StoredKey, is_valid_name
from imagemill.auth.authentication import verify_key
from imagemill.jobs.job import KeyId

ID = KeyId(UUID("0199f0c2-7a1e-7c3a-9d52-5d0c3c0a7b11"))
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def key() -> ApiKey:
    letters = itertools.count()
    return ApiKey.generate(ID, lambda choices: choices[next(letters) % len(choices)])


def known(key: ApiKey) -> StoredKey:
    return StoredKey(key.id, "ci", key.sha256, is_admin=False, created_at=NOW, revoked_at=None)


def test_a_key_has_the_format_that_secret_scanners_look_for() -> None:
    assert re.fullmatch(r"imk_[0-9a-f]{32}_[0-9A-Za-z]{43}", str(key()))


def test_a_key_is_parsed_as_it_was_formatted() -> None:
    assert ApiKey.parse(str(key())) == key()


@pytest.mark.parametrize(
    "text",
    ["", "imk_", str(key())[:-1], f"{key()}a", f" {key()}", f"{key()}\n", str(key()).upper()],
)
def test_anything_else_is_no_key(text: str) -> None:
    assert ApiKey.parse(text) is None


def test_neither_a_key_nor_its_row_shows_the_secret() -> None:
    shown = f"{key()!r} {known(key())!r}"
    assert key().secret not in shown
    assert repr(key().sha256) not in shown


def test_a_key_is_verified_by_its_own_secret_alone() -> None:
    other = replace(key(), secret=key().secret[::-1])
    assert verify_key(key(), known(key())) == known(key())
    assert verify_key(other, known(key())) is None


def test_a_revoked_key_is_not_verified() -> None:
    assert verify_key(key(), replace(known(key()), revoked_at=NOW)) is None


def test_a_key_without_a_row_is_not_verified() -> None:
    assert verify_key(key(), None) is None


@pytest.mark.parametrize("name", ["ci", "Zoë's laptop", "a" * 64])
def test_a_name_is_printable(name: str) -> None:
    assert is_valid_name(name)


@pytest.mark.parametrize("name", ["", " ci", "ci ", "a\nb", "a\x1b[2J", "a" * 65, str(ID), ID.hex])
def test_what_is_not_printable_or_looks_like_an_id_is_no_name(name: str) -> None:
    assert not is_valid_name(name)
