"""Signatures of links: each gives access to one output of one job until it expires. Pure."""

import base64
import hashlib
import hmac
import math
import re
from datetime import datetime, timedelta
from typing import Final

from imagemill.auth.errors import LinkRefused

# Seconds since 1970, written as `expiry` makes them: no sign, no leading zero.
EXPIRES: Final = re.compile(r"[1-9][0-9]{0,11}")


def expiry(now: datetime, expires_in: timedelta) -> int:
    """Return the end of a link's lifetime in seconds since 1970, rounded up."""
    return math.ceil((now + expires_in).timestamp())


def sign(secret: bytes, job_id: str, output_name: str, expires: str) -> str:
    """Return the HMAC-SHA256 of the output and its link's expiry, in URL-safe base64."""
    message = f"/jobs/{job_id}/outputs/{output_name}?expires={expires}".encode()
    digest = hmac.digest(secret, message, hashlib.sha256)
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def verify_signature(
    secret: bytes, output: tuple[str, str], expires: str, signature: str, now: datetime
) -> None:
    """Raise LinkRefused unless the link to `output` was signed with `secret` and is not expired.

    `output` is the job's id and the output's name; `expires` and `signature` are as in the link.
    """
    # The signature first: the expiry of an altered link means nothing.
    expected = sign(secret, *output, expires)
    if not hmac.compare_digest(expected.encode(), signature.encode()):
        raise LinkRefused("The link's signature is invalid: the link was altered.")
    if not EXPIRES.fullmatch(expires) or now.timestamp() >= int(expires):
        raise LinkRefused("The link has expired.")
