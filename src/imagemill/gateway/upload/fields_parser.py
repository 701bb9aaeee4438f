"""Parses the fields of uploads, and remembers the sets of fields that came last.

A service sees the same few sets again and again, and to validate one takes a tenth of what an
upload may cost.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from imagemill.imaging.spec.pipeline import Pipeline
from imagemill.job_request import JobRequest, parse_fields

MAX_REMEMBERED: Final = 256
# In characters; larger sets, with metadata or a long pipeline, are seldom the same again.
MAX_REMEMBERED_SIZE: Final = 2048

Fields = Sequence[tuple[str, str]]


class FieldsParser:
    """Parses fields with these presets. What it returns is shared, and must not be changed."""

    def __init__(self, presets: Mapping[str, Pipeline]) -> None:
        self._presets = presets
        self._parse_remembered = lru_cache(MAX_REMEMBERED)(self._parse)

    def parse(self, fields: Fields) -> JobRequest:
        """Return the job that the fields request. Raises InvalidFields."""
        if sum(len(name) + len(value) for name, value in fields) > MAX_REMEMBERED_SIZE:
            return self._parse(fields)
        return self._parse_remembered(tuple(fields))

    def _parse(self, fields: Fields) -> JobRequest:
        return parse_fields(fields, self._presets)
