"""An API key: how it is written, what is kept of it, how it is recognised. Pure: no driver.

A key reads `imk_<id>_<secret>`: the id of its row as 32 hexadecimal digits, then 43 letters and
digits drawn at random. The prefix and the fixed lengths are for scanners that look for secrets in
places where none should be: `imk_[0-9a-f]{32}_[0-9A-Za-z]{43}`.
"""

import hashlib
import hmac
import re
import string
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Self
from uuid import UUID

from imagemill.jobs.job import KeyId

WRITTEN: Final = re.compile(r"imk_([0-9a-f]{32})_([0-9A-Za-z]{43})")
LETTERS: Final = string.digits + string.ascii_letters
# So many letters of 62 hold 256 bits of chance.
SECRET_LENGTH: Final = 43
MAX_NAME_LENGTH: Final = 64
# The digest of no secret that anybody knows: what a key without a row is compared with.
NOBODYS: Final = bytes(32)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as its holder has it. `str()` writes it, `repr()` does not tell the secret."""

    id: KeyId
    secret: str = field(repr=False)

    @classmethod
    def drawn(cls, key_id: KeyId, choose: Callable[[str], str]) -> Self:
        """Return a new key; `choose` picks one of the letters it is given, as secrets.choice."""
        return cls(key_id, "".join(choose(LETTERS) for _ in range(SECRET_LENGTH)))

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return the key that is written here, if one is."""
        found = WRITTEN.fullmatch(text)
        return cls(KeyId(UUID(hex=found[1])), found[2]) if found else None

    @property
    def sha256(self) -> bytes:
        """What is kept of the secret.

        A slow hash with salt is for what people choose: it makes guessing dear. Here every guess
        is one of 2^256, which no speed helps with, and each request pays for the hash.
        """
        return hashlib.sha256(self.secret.encode()).digest()

    def __str__(self) -> str:
        return f"imk_{self.id.hex}_{self.secret}"


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key as its row has it: it can recognise the secret, and cannot tell it."""

    id: KeyId
    name: str
    secret_sha256: bytes = field(repr=False)
    is_admin: bool
    created_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class KeyLookup:
    """What the table says of a key that was shown, or of none: its row, and whether any is there.

    Revoked keys are there too: a service that ever had a key never again lets in those without.
    """

    any_exists: bool
    key: KnownKey | None


def recognise(shown: ApiKey, known: KnownKey | None) -> KnownKey | None:
    """Return the known key if it is the one that was shown, and in force.

    A key without a row is compared as well, so that the time it takes tells nothing.
    """
    matches = hmac.compare_digest(shown.sha256, known.secret_sha256 if known else NOBODYS)
    return known if matches and known and known.revoked_at is None else None


def is_name(text: str) -> bool:
    """Return whether a key may be called this: something to read, and no id."""
    return (
        0 < len(text) <= MAX_NAME_LENGTH
        and text.isprintable()
        and text == text.strip()
        and as_key_id(text) is None
    )


def as_key_id(text: str) -> KeyId | None:
    """Return the id that is written here, if one is."""
    try:
        return KeyId(UUID(text))
    except ValueError:
        return None
