"""Headers as ASGI has them: a list of lower-case names and values, both in bytes."""

from collections.abc import Iterable


def first_header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> str | None:
    """Return the value of the first header of this name, None if there is none."""
    for each, value in headers:
        if each == name:
            return value.decode("latin-1")
    return None
