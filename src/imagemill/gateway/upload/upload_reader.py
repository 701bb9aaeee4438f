"""Takes an upload's body apart while it streams in: the image to storage, the fields to memory."""

from collections.abc import AsyncIterator, Collection
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
    boundary_of,
    read_form,
)
from imagemill.imaging.formats import SNIFF_BYTES, Format, sniff
from imagemill.storage.protocol import PendingFile

# What a form may add to its file: the fields, and the headers and boundaries of its parts.
FORM_OVERHEAD_BYTES: Final = MAX_FIELDS_BYTES + (MAX_PARTS + 1) * 1024


@dataclass(frozen=True, slots=True)
class Received:
    """An upload whose bytes have all come: what kind of image, and the fields as they were sent."""

    format: Format
    filename: str | None
    fields: list[tuple[str, str]]


@dataclass(slots=True)
class UploadReader:
    """Writes an image to storage as it comes, and stops as soon as it is too much or no image."""

    pending_file: PendingFile
    formats: Collection[Format]
    max_bytes: int
    _head: bytearray = field(default_factory=bytearray)
    _format: Format | None = None

    async def take(self, chunks: AsyncIterator[bytes]) -> Format:
        """Return the image's format. Raises UploadTooLarge, NotAnImage, StorageUnavailable."""
        async for chunk in chunks:
            if self.pending_file.size + len(chunk) > self.max_bytes:
                raise UploadTooLarge(f"The image is over the limit of {self.max_bytes} bytes.")
            if self._format is None:
                self._head += chunk
                if len(self._head) >= SNIFF_BYTES:
                    self._format = self._recognised()
            await self.pending_file.write(chunk)
        return self._format or self._recognised()

    def _recognised(self) -> Format:
        found = sniff(bytes(self._head))
        if found is None or found not in self.formats:
            known = ", ".join(sorted(one.media_type for one in self.formats))
            raise NotAnImage(f"The first bytes are no image that is taken here: {known}.")
        return found


async def receive(request: Request, reader: UploadReader) -> Received:
    """Read the whole body, a form or the bare image.

    Raises MalformedRequest, UploadTooLarge, NotAnImage, InvalidFields, StorageUnavailable.
    """
    query = request.query_params.multi_items()
    if is_form(request):
        form_reader = FormReader(boundary_of(request.headers["content-type"]))
        try:
            found = await reader.take(read_form(form_reader, request.stream()))
        except NotAnImage:
            # Without any file, "not an image" would be the wrong thing to say.
            if not form_reader.form.has_file:
                raise MalformedRequest(f"The form has no part named {FILE_FIELD!r}.") from None
            raise
        form = form_reader.finish()
        return Received(found, clean_filename(form.filename), query + form.fields)
    found = await reader.take(request.stream())
    return Received(found, clean_filename(_header_text(request, "x-filename")), query)


def expected_bytes(request: Request, max_upload_bytes: int) -> int:
    """Return the size that the request announces, 0 if it does not.

    Raises NotAnImage for a body that cannot be one, UploadTooLarge for one that will be too much.
    """
    length = int(request.headers.get("content-length") or 0)
    overhead = FORM_OVERHEAD_BYTES if is_form(request) else 0
    if not is_form(request) and not _is_image(request):
        raise NotAnImage(
            "The body must be multipart/form-data, image/* or application/octet-stream."
        )
    if length > max_upload_bytes + overhead:
        raise UploadTooLarge(f"The image is over the limit of {max_upload_bytes} bytes.")
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
    # Header values reach us as Latin-1; what people send is UTF-8.
    return None if value is None else value.encode("latin-1").decode("utf-8", errors="replace")
