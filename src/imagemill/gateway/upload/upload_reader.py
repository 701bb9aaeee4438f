"""Reads the body of an upload as it streams in: the image goes to storage, the fields to memory."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from fastapi import Request

from imagemill.gateway.errors import MalformedRequest, NotAnImage, UploadTooLarge
from imagemill.gateway.filenames import clean_filename
from imagemill.gateway.upload.multipart import (
    FILE_FIELD,
    MAX_FIELDS_BYTES,
    MAX_PARTS,
    FormReader,
    parse_boundary,
)
from imagemill.imaging.formats import SNIFF_BYTES, Format, sniff
from imagemill.storage.protocol import PendingFile

# What a form may add to its file: the fields, and the headers and boundaries of its parts.
MAX_FORM_OVERHEAD_BYTES: Final = MAX_FIELDS_BYTES + (MAX_PARTS + 1) * 1024


@dataclass(frozen=True, slots=True)
class ReceivedUpload:
    """An upload that was read completely: the image's format, and the fields as they were sent."""

    format: Format
    filename: str | None
    fields: list[tuple[str, str]]


@dataclass(slots=True)
class UploadReader:
    """Writes an image of at most `max_bytes`, in one of `formats`, to storage while it arrives."""

    pending_file: PendingFile
    formats: Collection[Format]
    max_bytes: int
    _head: bytearray = field(default_factory=bytearray)
    _format: Format | None = None

    async def read(self, request: Request) -> ReceivedUpload:
        """Read the whole body: a form, or the bare image with its fields in the query.

        Stops as soon as the image is too large or of an unsupported format. Raises
        MalformedRequest, UploadTooLarge, NotAnImage, InvalidFields, StorageUnavailable.
        """
        query = request.query_params.multi_items()
        if not is_form(request):
            async for chunk in request.stream():
                await self._write(chunk)
            filename = _header_text(request, "x-filename")
            return ReceivedUpload(self._detect_format(), clean_filename(filename), query)

        form_reader = FormReader(parse_boundary(request.headers["content-type"]))
        async for chunk in request.stream():
            if file_bytes := form_reader.feed(chunk):
                await self._write(file_bytes)
        if not form_reader.form.has_file:
            raise MalformedRequest(f"The form has no part named {FILE_FIELD!r}.")
        found = self._detect_format()
        form = form_reader.finish()
        return ReceivedUpload(found, clean_filename(form.filename), query + form.fields)

    async def _write(self, chunk: bytes) -> None:
        if self.pending_file.size + len(chunk) > self.max_bytes:
            raise UploadTooLarge(f"The image exceeds the limit of {self.max_bytes} bytes.")
        if self._format is None:
            self._head += chunk
            if len(self._head) >= SNIFF_BYTES:
                self._format = self._detect_format()
        await self.pending_file.write(chunk)

    def _detect_format(self) -> Format:
        if self._format is not None:
            return self._format
        found = sniff(bytes(self._head))
        if found is None or found not in self.formats:
            known = ", ".join(sorted(one.media_type for one in self.formats))
            raise NotAnImage(f"{_explain(found)} Supported are: {known}.")
        return found


def _explain(found: Format | None) -> str:
    if found is None:
        return "The image is not in a supported format."
    extra = f": the extra `{found.extra}` is not installed" if found.extra else ""
    return f"Images in {found.media_type} cannot be opened here{extra}."


def check_headers(request: Request, max_upload_bytes: int) -> int:
    """Return the size of the body as Content-Length announces it, or 0.

    Raises NotAnImage for a Content-Type that no upload has, UploadTooLarge.
    """
    length = int(request.headers.get("content-length") or 0)
    overhead = MAX_FORM_OVERHEAD_BYTES if is_form(request) else 0
    if not is_form(request) and not _is_image(request):
        raise NotAnImage(
            "The Content-Type must be multipart/form-data, image/* or application/octet-stream."
        )
    if length > max_upload_bytes + overhead:
        raise UploadTooLarge(f"The image exceeds the limit of {max_upload_bytes} bytes.")
    return length


def is_form(request: Request) -> bool:
    return _media_type(request) == "multipart/form-data"


def _is_image(request: Request) -> bool:
    media_type = _media_type(request)
    return media_type.startswith("image/") or media_type == "application/octet-stream"


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _header_text(request: Request, name: str) -> str | None:
    value = request.headers.get(name)
    # Starlette decodes headers as Latin-1; clients send UTF-8.
    return None if value is None else value.encode("latin-1").decode("utf-8", errors="replace")
