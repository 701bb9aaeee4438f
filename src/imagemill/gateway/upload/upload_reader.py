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
from imagemill.imaging.camera_raw import CameraRawDetector
from imagemill.imaging.formats import SNIFF_BYTES, TIFF, Format, sniff
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
    _camera_raw: CameraRawDetector = field(default_factory=CameraRawDetector)
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
            return ReceivedUpload(self._finish(), clean_filename(filename), query)

        form_reader = FormReader(parse_boundary(request.headers["content-type"]))
        async for chunk in request.stream():
            if file_bytes := form_reader.feed(chunk):
                await self._write(file_bytes)
        if not form_reader.form.has_file:
            raise MalformedRequest(f"The form has no part named {FILE_FIELD!r}.")
        found = self._finish()
        form = form_reader.finish()
        return ReceivedUpload(found, clean_filename(form.filename), query + form.fields)

    async def _write(self, chunk: bytes) -> None:
        if self.pending_file.size + len(chunk) > self.max_bytes:
            raise UploadTooLarge(f"The image exceeds the limit of {self.max_bytes} bytes.")
        if self._format in {None, TIFF} and not self._camera_raw.is_complete():
            self._camera_raw.feed(chunk)
            if len(self._camera_raw.head) >= SNIFF_BYTES:
                self._format = self._detect_format()
            if self._camera_raw.is_complete():
                self._refuse_camera_raw()
        await self.pending_file.write(chunk)

    def _finish(self) -> Format:
        """Return the format of the file, all of which has been read."""
        found = self._format or self._detect_format()
        if found is TIFF:
            self._refuse_camera_raw()
        return found

    def _detect_format(self) -> Format:
        found = sniff(bytes(self._camera_raw.head[:SNIFF_BYTES]))
        if found is None:
            self._refuse_camera_raw()
        if found is None or found not in self.formats:
            raise NotAnImage(f"{_explain(found)} Supported are: {self._known_types}.")
        return found

    def _refuse_camera_raw(self) -> None:
        """Raise NotAnImage for a camera RAW. One that looks like a TIFF may turn out late."""
        name = self._camera_raw.find()
        if name:
            raise NotAnImage(
                f"The image is a camera RAW ({name}), which has to be developed first."
                f" Supported are: {self._known_types}."
            )

    @property
    def _known_types(self) -> str:
        return ", ".join(sorted(one.media_type for one in self.formats))


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
