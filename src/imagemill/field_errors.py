"""Errors in the fields of a request, each with a JSON Pointer to the value at fault (RFC 6901)."""

from collections.abc import Sequence
from dataclasses import dataclass

from imagemill.errors import Rejected


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field; the pointer is a JSON Pointer (RFC 6901)."""

    pointer: str
    detail: str


class InvalidFields(Rejected):
    """Fields of a request have values that cannot be used; `errors` has one entry for each."""

    def __init__(self, *errors: FieldError) -> None:
        super().__init__("; ".join(f"{error.pointer}: {error.detail}" for error in errors))
        self.errors = errors


def json_pointer(location: Sequence[str | int]) -> str:
    """Return the JSON Pointer to a location in a document (RFC 6901)."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in location)
