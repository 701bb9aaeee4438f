"""An incremental parser of multipart/form-data: it collects fields and returns the file's bytes.

python-multipart's push parser is fed from the request stream. The framework's form parsing would
first spool the whole file to a temporary one, and take more than twice the CPU time.
"""

import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote_to_bytes

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from imagemill.field_errors import FieldError, InvalidFields
from imagemill.gateway.errors import MalformedRequest, UploadTooLarge

FILE_FIELD: Final = "file"
MAX_FIELDS_BYTES: Final = 64 * 1024
MAX_PARTS: Final = 64
MAX_BOUNDARY_BYTES: Final = 70  # RFC 2046, 5.1.1
# Those of filename* (RFC 8187, 3.2.1, and RFC 5987 before it). Python supports more, some of which
# are slow, or raise other errors.
CHARSETS: Final = frozenset({b"utf-8", b"iso-8859-1"})
# filename* of RFC 6266: charset'language'percent-encoded.
EXTENDED_FILENAME: Final = re.compile(
    rb";\s*filename\*\s*=\s*([\w-]+)'[^']*'([^;\s]*)", re.IGNORECASE
)


@dataclass(slots=True)
class Form:
    """A form without the bytes of its file; fields are in the order in which they arrived."""

    fields: list[tuple[str, str]] = field(default_factory=list)
    filename: str | None = None
    has_file: bool = False


@dataclass(slots=True)
class _Part:
    name: str
    filename: str | None
    is_file: bool
    content: bytearray = field(default_factory=bytearray)


class FormReader:
    """Parses a form chunk by chunk into `form`; `feed` returns the bytes of the file."""

    def __init__(self, boundary: bytes) -> None:
        self.form = Form()
        self._file_bytes = bytearray()
        self._part: _Part | None = None
        self._headers: dict[bytes, bytes] = {}
        self._header_name = bytearray()
        self._header_value = bytearray()
        self._parts = 0
        self._fields_bytes = 0
        self._has_ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin_part,
                "on_part_data": self._add_data,
                "on_part_end": self._end_part,
                "on_header_field": self._add_header_name,
                "on_header_value": self._add_header_value,
                "on_header_end": self._end_header,
                "on_headers_finished": self._open_part,
                "on_end": self._end,
            },
        )

    def feed(self, chunk: bytes) -> bytes:
        """Parse the next bytes of the body and return those that belong to the file.

        Raises MalformedRequest, UploadTooLarge, InvalidFields.
        """
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise MalformedRequest(f"The multipart body is malformed: {error}.") from error
        data = bytes(self._file_bytes)
        self._file_bytes.clear()
        return data

    def finish(self) -> Form:
        """Return the form at the end of the body. Raises MalformedRequest."""
        if not self._has_ended:
            raise MalformedRequest("The multipart body ends before its closing boundary.")
        return self.form

    def _begin_part(self) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS + 1:  # the file is not counted
            raise UploadTooLarge(f"The form has more than {MAX_PARTS} fields.")
        self._headers = {}

    def _add_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _add_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _end_header(self) -> None:
        self._headers[bytes(self._header_name).lower()] = bytes(self._header_value)
        self._header_name.clear()
        self._header_value.clear()

    def _open_part(self) -> None:
        disposition = self._headers.get(b"content-disposition", b"")
        kind, options = parse_options_header(disposition)
        if kind != b"form-data" or b"name" not in options:
            raise MalformedRequest("A part of the form has no name.")
        name = _decode(options[b"name"])
        self._part = _Part(name, _parse_filename(disposition, options), name == FILE_FIELD)
        if self._part.is_file:
            if self.form.has_file:
                raise MalformedRequest(f"The form has two parts named {FILE_FIELD!r}.")
            self.form.has_file = True
            self.form.filename = self._part.filename

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        part = self._part
        if part is None:
            raise MalformedRequest("A part of the form has no headers.")
        if part.is_file:
            self._file_bytes += data[start:end]
            return
        self._fields_bytes += end - start
        if self._fields_bytes > MAX_FIELDS_BYTES:
            raise UploadTooLarge(f"The form's fields exceed {MAX_FIELDS_BYTES} bytes in total.")
        part.content += data[start:end]

    def _end_part(self) -> None:
        part, self._part = self._part, None
        if part is None:
            raise MalformedRequest("A part of the form has no headers.")
        if part.is_file:
            return
        if part.filename is not None:
            raise InvalidFields(FieldError(f"/{part.name}", "this field cannot be a file"))
        try:
            self.form.fields.append((part.name, part.content.decode()))
        except UnicodeDecodeError:
            raise InvalidFields(FieldError(f"/{part.name}", "is not UTF-8 text")) from None

    def _end(self) -> None:
        self._has_ended = True


def parse_boundary(content_type: str) -> bytes:
    """Return the boundary of a Content-Type header. Raises MalformedRequest."""
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if not 1 <= len(boundary) <= MAX_BOUNDARY_BYTES:
        raise MalformedRequest(
            f"The Content-Type header must name a boundary of 1 to {MAX_BOUNDARY_BYTES} characters."
        )
    return boundary


def _parse_filename(disposition: bytes, options: dict[bytes, bytes]) -> str | None:
    extended = EXTENDED_FILENAME.search(disposition)
    charset, value = extended.groups() if extended else (b"", b"")
    if charset.lower() in CHARSETS:
        try:
            return unquote_to_bytes(value).decode(charset.decode())
        except UnicodeDecodeError:
            pass  # fall back to the plain filename
    return _decode(options[b"filename"]) if b"filename" in options else None


def _decode(value: bytes) -> str:
    return value.decode("utf-8", errors="replace")
