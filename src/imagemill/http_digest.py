"""The Repr-Digest header: the SHA-256 of an image's bytes, sent along with them (RFC 9530)."""

import base64
import binascii
import re
from collections.abc import Sequence
from typing import Final

from imagemill.errors import Rejected

# A member of a dictionary of byte sequences: sha-256=:base64:, perhaps with parameters (RFC 9651).
MEMBER: Final = re.compile(r"([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/=]*):(?:;[^,]*)?")
ALGORITHM: Final = "sha-256"


class MalformedDigest(Rejected):
    """The header does not follow the syntax of RFC 9530."""

    def __init__(self) -> None:
        super().__init__("The Repr-Digest header is malformed.")


def parse_digest(lines: Sequence[str]) -> str | None:
    """Return the SHA-256 that the header's lines announce, in hex; None if they announce none.

    Raises MalformedDigest.
    """
    if not lines:
        return None
    sha256 = None
    for member in ",".join(lines).split(","):
        matched = MEMBER.fullmatch(member.strip())
        if matched is None:
            raise MalformedDigest
        algorithm, value = matched.groups()
        if algorithm == ALGORITHM:
            sha256 = _to_hex(value)
    return sha256


def format_digest(sha256: str) -> str:
    """Return the header's value for a SHA-256 in hex."""
    return f"{ALGORITHM}=:{base64.b64encode(bytes.fromhex(sha256)).decode()}:"


def _to_hex(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).hex()
    except binascii.Error:
        raise MalformedDigest from None
