"""Conditional requests and range requests: ETag, If-None-Match, Range (RFC 9110, 13 and 14)."""

import hashlib
import re
from collections.abc import Mapping
from typing import Final

from fastapi import Request
from fastapi.responses import Response

from imagemill.gateway.errors import RangeNotSatisfiable

ENTITY_TAG: Final = re.compile(r'(?:W/)?("[^"]*")')
ONE_RANGE: Final = re.compile(r"bytes=(\d*)-(\d*)", re.IGNORECASE)
# Longer than the size of any file.
MAX_DIGITS: Final = 18


def respond_with_etag(
    request: Request, content: bytes, extra_headers: Mapping[str, str] | None = None
) -> Response:
    """Return the content, which is JSON, with an ETag; or 304 if the client has it already.

    Both responses have the extra headers.
    """
    etag = f'"{hashlib.blake2b(content, digest_size=16).hexdigest()}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache"} | dict(extra_headers or {})
    if has_current(request, etag):
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type="application/json")


def has_current(request: Request, etag: str) -> bool:
    """Return whether If-None-Match has the tag, by weak comparison (RFC 9110, 13.1.2)."""
    return any(matches(line, etag) for line in request.headers.getlist("if-none-match"))


def matches(if_none_match: str, etag: str) -> bool:
    """Return whether the tag is in the list, which is one line of the header or all of them."""
    return if_none_match.strip() == "*" or etag in ENTITY_TAG.findall(if_none_match)


def requested_range(request: Request, size: int, etag: str) -> tuple[int, int] | None:
    """Return the requested range of a file as start and end (exclusive); None for the whole file.

    The whole file is the response to several ranges, to a malformed header, and if If-Range does
    not match, as RFC 9110 allows. Raises RangeNotSatisfiable.
    """
    found = ONE_RANGE.fullmatch(request.headers.get("range", "").strip())
    if_range = request.headers.get("if-range")
    if found is None or (if_range is not None and if_range.strip() != etag):
        return None
    first, last = found.groups()
    if max(len(first), len(last)) > MAX_DIGITS or not first + last:
        return None
    if not first:  # a suffix: the last N bytes
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
