"""API keys: their format, and what is stored of them. Pure: no driver.

A key is `imk_<id>_<secret>`: the id of its row as 32 hexadecimal digits, then 43 random letters and
digits. The prefix and the fixed lengths let secret scanners recognize a key:
`imk_[0-9a-f]{32}_[0-9A-Za-z]{43}`.
"""

import hashlib
import re
import string
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Self
from uuid import UUID

from imagemill.jobs.job import KeyId

FORMAT: Final = re.compile(r"imk_([0-9a-f]{32})_([0-9A-Za-z]{43})")
LETTERS: Final = string.digits + string.ascii_letters
# 43 letters of 62 hold 256 bits of randomness.
SECRET_LENGTH: Final = 43
MAX_NAME_LENGTH: Final = 64


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key with its secret. `str()` returns the whole key, `repr()` leaves the secret out."""

    id: KeyId
    secret: str = field(repr=False)

    @classmethod
    def generate(cls, key_id: KeyId, choose: Callable[[str], str]) -> Self:
        """Return a new key; `choose` returns a random letter of its argument (secrets.choice)."""
        return cls(key_id, "".join(choose(LETTERS) for _ in range(SECRET_LENGTH)))

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return the key if the text is a well-formed one, else None."""
        found = FORMAT.fullmatch(text)
        return cls(KeyId(UUID(hex=found[1])), found[2]) if found else None

    @property
    def sha256(self) -> bytes:
        """The digest of the secret, which is stored instead of it.

        A slow, salted hash protects passwords against guessing. A random secret of 256 bits cannot
        be guessed at any speed, and every request pays for the hash.
        """
        return hashlib.sha256(self.secret.encode()).digest()

    def __str__(self) -> str:
        return f"imk_{self.id.hex}_{self.secret}"


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key's row: it verifies the secret without containing it.

    It reads the jobs of every key (`is_admin`), its own, or `/metrics` alone (`is_metrics_only`).
    """

    id: KeyId
    name: str
    secret_sha256: bytes = field(repr=False)
    is_admin: bool
    created_at: datetime
    revoked_at: datetime | None
    is_metrics_only: bool = False


@dataclass(frozen=True, slots=True)
class KeyLookup:
    """The row of a key, if it has one, and whether the table has any row.

    Revoked keys count as rows: a service that ever had a key never allows anonymous requests again.
    """

    any_exists: bool
    key: StoredKey | None


def is_valid_name(text: str) -> bool:
    """Return whether the text can name a key: printable, 1 to 64 characters, and not an id."""
    return (
        0 < len(text) <= MAX_NAME_LENGTH
        and text.isprintable()
        and text == text.strip()
        and parse_key_id(text) is None
    )


def parse_key_id(text: str) -> KeyId | None:
    """Return the id if the text is a UUID, else None."""
    try:
        return KeyId(UUID(text))
    except ValueError:
        return None
