"""The Repr-Digest header, in which a client says what it means to have sent (RFC 9530)."""

import base64
import binascii
import re
from typing import Final

from imagemill.gateway.errors import MalformedRequest

# A member of a dictionary of byte sequences: sha-256=:base64:, perhaps with parameters (RFC 9651).
MEMBER: Final = re.compile(r"([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/=]*):(?:;[^,]*)?")
ALGORITHM: Final = "sha-256"


def announced_sha256(header: str | None) -> str | None:
    """Return the SHA-256, in hex, that the header announces; None if there is none in it.

    Raises MalformedRequest.
    """
    if header is None:
        return None
    found = None
    for member in header.split(","):
        matched = MEMBER.fullmatch(member.strip())
        if matched is None:
            raise MalformedRequest("The Repr-Digest header is malformed.")
        algorithm, value = matched.groups()
        if algorithm == ALGORITHM:
            found = _hex(value)
    return found


def to_header(sha256: str) -> str:
    """Return the header's value for a SHA-256 in hex."""
    return f"{ALGORITHM}=:{base64.b64encode(bytes.fromhex(sha256)).decode()}:"


def _hex(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).hex()
    except binascii.Error:
        raise MalformedRequest("The Repr-Digest header is malformed.") from None
