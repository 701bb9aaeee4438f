"""An incremental parser of multipart/form-data: it collects fields and returns the file's bytes.

It searches for the delimiters (RFC 2046, 5.1.1) and hands on what lies between them. For a form
with a small picture that takes a tenth of the time of a parser that calls back for each of its
pieces, and the framework's form parsing would first spool the file to a temporary one.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

from python_multipart.multipart import parse_options_header

from imagemill.field_errors import FieldError, InvalidFields
from imagemill.gateway.errors import MalformedRequest, UploadTooLarge
from imagemill.job_request import FIELDS

FILE_FIELD: Final = "file"
MAX_FIELDS_BYTES: Final = 64 * 1024
MAX_PARTS: Final = 64
MAX_HEADER_BYTES: Final = 16 * 1024
MAX_BOUNDARY_BYTES: Final = 70  # RFC 2046, 5.1.1
CRLF: Final = b"\r\n"
END: Final = b"--"
HEADER_NAME: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # a token of RFC 9110, 5.6.2
# Those of filename* (RFC 8187, 3.2.1, and RFC 5987 before it). Python supports more, some of which
# are slow, or raise other errors.
CHARSETS: Final = frozenset({b"utf-8", b"iso-8859-1"})
# Media types of fields: some clients send each with its type.
TEXT: Final = re.compile(rb"(text/.*|application/(.*\+)?json)?")
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


class PartHeaders(NamedTuple):
    """What the headers of a part say."""

    name: str
    filename: str | None
    is_file: bool
    """Whether it is a file, unless its name is that of a field: browsers send JSON as a file."""


class FormReader:
    """Parses a form chunk by chunk into `form`; `feed` returns the bytes of the file."""

    def __init__(self, boundary: bytes) -> None:
        self.form = Form()
        self._delimiter = CRLF + b"--" + boundary
        self._buffer = bytearray()
        # Parses what is expected next; returns False where more bytes are needed. Not a bound
        # method: that would keep every form alive until the next garbage collection.
        self._parse = FormReader._parse_start
        self._part = PartHeaders("", None, is_file=False)
        self._content = bytearray()
        self._file_chunks: list[bytes] = []
        self._parts = 0
        self._fields_bytes = 0

    def feed(self, chunk: bytes) -> bytes:
        """Parse the next bytes of the body and return those that belong to the file.

        Raises MalformedRequest, UploadTooLarge, InvalidFields.
        """
        self._buffer += chunk
        while self._parse(self):
            pass
        chunks, self._file_chunks = self._file_chunks, []
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def finish(self) -> Form:
        """Return the form at the end of the body. Raises MalformedRequest."""
        if self._parse is not FormReader._ignore_rest:
            raise MalformedRequest("The multipart body ends before its closing boundary.")
        return self.form

    def _parse_start(self) -> bool:
        """Expect the first delimiter, which needs no line before it; empty lines are ignored."""
        line = CRLF + self._buffer.lstrip(CRLF)
        if not line.startswith(self._delimiter[: len(line)]):
            raise _malformed("it does not begin with its boundary")
        if len(line) < len(self._delimiter) + len(CRLF):
            return False
        self._buffer[:] = line
        self._parse = FormReader._parse_delimiter
        return True

    def _parse_delimiter(self) -> bool:
        """Expect a delimiter and what follows it: the headers of a part, or the end."""
        following = self._following(0)
        del self._buffer[: len(self._delimiter) + len(following)]
        if following == END:
            self._parse = FormReader._ignore_rest
        elif following == CRLF:
            self._parts += 1
            if self._parts > MAX_PARTS + 1:  # the file is not counted
                raise UploadTooLarge(f"The form has more than {MAX_PARTS} fields.")
            self._parse = FormReader._parse_headers
        else:
            raise _malformed("its first boundary is followed by other text")
        return True

    def _parse_headers(self) -> bool:
        end = self._buffer.find(CRLF + CRLF)
        if self._buffer.startswith(CRLF):
            raise MalformedRequest("A part of the form has no headers.")
        if end > MAX_HEADER_BYTES or (end < 0 and len(self._buffer) > MAX_HEADER_BYTES):
            raise _malformed("the headers of a part are too long")
        if end < 0:
            return False
        self._part = _parse_part_headers(bytes(self._buffer[:end]))
        del self._buffer[: end + len(CRLF + CRLF)]
        if self._part.name == FILE_FIELD:
            if self.form.has_file:
                raise MalformedRequest(f"The form has two parts named {FILE_FIELD!r}.")
            self.form.has_file = True
            self.form.filename = self._part.filename
        elif self._part.is_file and self._part.name not in FIELDS:
            raise MalformedRequest(
                f"The form has a file named {self._part.name!r}; the part with the image must be"
                f" named {FILE_FIELD!r}."
            )
        self._parse = FormReader._parse_content
        return True

    def _parse_content(self) -> bool:
        """Take the content of the part up to its delimiter, or as far as it is known."""
        found = self._buffer.find(self._delimiter)
        while found >= 0 and self._following(found) not in {CRLF, END}:
            if len(self._following(found)) < len(CRLF):
                self._take_content(found)
                return False
            found = self._buffer.find(self._delimiter, found + 1)  # it only looked like one
        if found < 0:
            self._take_content(max(0, len(self._buffer) - len(self._delimiter) + 1))
            return False
        self._take_content(found)
        self._end_part()
        self._parse = FormReader._parse_delimiter
        return True

    def _ignore_rest(self) -> bool:
        self._buffer.clear()
        return False

    def _following(self, delimiter_at: int) -> bytes:
        """Return the two bytes after a delimiter, or as many of them as have arrived."""
        end = delimiter_at + len(self._delimiter)
        return bytes(self._buffer[end : end + len(CRLF)])

    def _take_content(self, size: int) -> None:
        """Move so many bytes from the buffer to the file or the field."""
        if not size:
            return
        content = bytes(memoryview(self._buffer)[:size])
        del self._buffer[:size]
        if self._part.name == FILE_FIELD:
            self._file_chunks.append(content)
            return
        self._fields_bytes += size
        if self._fields_bytes > MAX_FIELDS_BYTES:
            raise UploadTooLarge(f"The form's fields exceed {MAX_FIELDS_BYTES} bytes in total.")
        self._content += content

    def _end_part(self) -> None:
        name = self._part.name
        if name == FILE_FIELD:
            return
        try:
            self.form.fields.append((name, self._content.decode()))
        except UnicodeDecodeError:
            raise InvalidFields(FieldError(f"/{name}", "is not UTF-8 text")) from None
        self._content.clear()


def parse_boundary(content_type: str) -> bytes:
    """Return the boundary of a Content-Type header. Raises MalformedRequest."""
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if not 1 <= len(boundary) <= MAX_BOUNDARY_BYTES:
        raise MalformedRequest(
            f"The Content-Type header must name a boundary of 1 to {MAX_BOUNDARY_BYTES} characters."
        )
    return boundary


# Clients send the same few headers again and again.
@lru_cache(maxsize=64)
def _parse_part_headers(text: bytes) -> PartHeaders:
    """Return what the headers of a part say. Raises MalformedRequest."""
    headers: dict[bytes, bytes] = {}
    for line in text.split(CRLF):
        name, colon, value = line.partition(b":")
        if not colon or not HEADER_NAME.fullmatch(name):
            raise _malformed("a part has a line that is not a header")
        headers[name.lower()] = value.strip(b" \t")
    disposition = headers.get(b"content-disposition", b"")
    kind, options = parse_options_header(disposition)
    if kind != b"form-data" or b"name" not in options:
        raise MalformedRequest("A part of the form has no name.")
    filename = _parse_filename(disposition, options)
    media_type, _ = parse_options_header(headers.get(b"content-type", b""))
    is_file = filename is not None or not TEXT.fullmatch(media_type)
    return PartHeaders(_decode(options[b"name"]), filename, is_file)


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


def _malformed(why: str) -> MalformedRequest:
    return MalformedRequest(f"The multipart body is malformed: {why}.")
