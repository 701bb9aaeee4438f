"""Conditional requests: entity tags, If-None-Match and ranges (RFC 9110, 13 and 14)."""

import hashlib
import re
from collections.abc import Mapping
from typing import Final

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel

from imagemill.gateway.errors import RangeNotSatisfiable

ENTITY_TAG: Final = re.compile(r'(?:W/)?("[^"]*")')
ONE_RANGE: Final = re.compile(r"bytes=(\d*)-(\d*)", re.IGNORECASE)
# More digits than any file has bytes.
MAX_DIGITS: Final = 18


def tagged(request: Request, body: BaseModel, others: Mapping[str, str] | None = None) -> Response:
    """Return the body as JSON with an entity tag, or 304 if the client has it already.

    `others` are further headers, of both answers.
    """
    content = body.model_dump_json().encode()
    etag = f'"{hashlib.blake2b(content, digest_size=16).hexdigest()}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache"} | dict(others or {})
    if matches(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type="application/json")


def matches(if_none_match: str | None, etag: str) -> bool:
    """Return whether the header names the tag, by the weak comparison that it asks for."""
    if if_none_match is None:
        return False
    return if_none_match.strip() == "*" or etag in ENTITY_TAG.findall(if_none_match)


def byte_range(request: Request, size: int, etag: str) -> tuple[int, int] | None:
    """Return the first byte asked for and the one behind the last; None for the whole file.

    Several ranges, a malformed header, and one whose If-Range no longer holds are answered with
    the whole file, as RFC 9110 allows. Raises RangeNotSatisfiable.
    """
    found = ONE_RANGE.fullmatch(request.headers.get("range", "").strip())
    if_range = request.headers.get("if-range")
    if found is None or (if_range is not None and if_range.strip() != etag):
        return None
    first, last = found.groups()
    if max(len(first), len(last)) > MAX_DIGITS or not first + last:
        return None
    if not first:  # the last so many bytes
        start, end = max(0, size - int(last)), size
        if not int(last):
            raise RangeNotSatisfiable(size)
    else:
        start = int(first)
        end = min(size, int(last) + 1) if last else size
        if last and int(last) < start:
            return None
    if start >= size:
        raise RangeNotSatisfiable(size)
    return start, end
