"""The signature of a link: to one output of one job, until a moment. Pure."""

import base64
import hashlib
import hmac
import math
import re
from datetime import datetime, timedelta
from typing import Final

from imagemill.gateway.errors import LinkRefused

# Seconds since 1970, as they are written when a link is made: no sign, no zero in front.
EXPIRES: Final = re.compile(r"[1-9][0-9]{0,11}")


def moment_after(now: datetime, expires_in: timedelta) -> int:
    """Return the first whole second (since 1970) that is no earlier: a link never lives shorter."""
    return math.ceil((now + expires_in).timestamp())


def sign(secret: bytes, job_id: str, name: str, expires: str) -> str:
    """Return HMAC-SHA256 of what the link leads to and how long, in base64 that URLs can carry."""
    message = f"/jobs/{job_id}/outputs/{name}?expires={expires}".encode()
    digest = hmac.digest(secret, message, hashlib.sha256)
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def require_signature(
    secret: bytes, path: tuple[str, str], expires: str, signature: str, now: datetime
) -> None:
    """Return when the link is ours and in time; `path` is the job's id and the output's name.

    Raises LinkRefused.
    """
    # The signature first: what an altered link says of its time is not worth an answer.
    expected = sign(secret, *path, expires)
    if not hmac.compare_digest(expected.encode(), signature.encode()):
        raise LinkRefused("This link is not as it was made: something in it was changed.")
    if not EXPIRES.fullmatch(expires) or now.timestamp() >= int(expires):
        raise LinkRefused("This link has expired: ask for a new one.")
