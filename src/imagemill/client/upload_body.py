"""The form of an upload, read from its file piece by piece and as often as it has to be sent."""

import asyncio
import os
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from secrets import token_hex
from tempfile import SpooledTemporaryFile
from typing import IO, Final, cast

CHUNK_BYTES: Final = 256 * 1024
# A stream that cannot be rewound is kept in memory up to this size, and then in a temporary file.
SPOOL_BYTES: Final = 1024 * 1024
# As browsers write them into a form (HTML standard, 4.10.22.8).
ESCAPES: Final = {ord('"'): "%22", ord("\r"): "%0D", ord("\n"): "%0A"}

Source = str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes] | Iterable[bytes]


@dataclass(frozen=True, slots=True)
class UploadBody:
    """A form of text fields and a file, which is sent from `start` to its end."""

    file: IO[bytes]
    start: int
    filename: str
    fields: Mapping[str, str]
    boundary: str

    @classmethod
    @contextmanager
    def open(
        cls, source: Source, filename: str | None, fields: Mapping[str, str]
    ) -> Iterator["UploadBody"]:
        """Open the source during the block. Raises OSError.

        A path is opened; a binary file is read from its position; what cannot be rewound is copied
        to a temporary file first.
        """
        with _open_file(source) as file:
            name = filename or _name_of(source)
            yield cls(file, file.tell(), name, fields, f"imagemill-{token_hex(16)}")

    def headers(self) -> dict[str, str]:
        """Return the headers of the body; the size is that of the file now."""
        self.file.seek(0, os.SEEK_END)
        size = self.file.tell() - self.start
        return {
            "Content-Type": f"multipart/form-data; boundary={self.boundary}",
            "Content-Length": str(len(self._head()) + size + len(self._tail())),
        }

    def chunks(self) -> Iterator[bytes]:
        """Yield the body from its beginning."""
        self.file.seek(self.start)
        yield self._head()
        while chunk := self.file.read(CHUNK_BYTES):
            yield chunk
        yield self._tail()

    async def async_chunks(self) -> AsyncIterable[bytes]:
        """Yield the same; the file is read in threads."""
        chunks = self.chunks()
        while chunk := await asyncio.to_thread(next, chunks, b""):
            yield chunk

    def _head(self) -> bytes:
        fields = "".join(
            self._part_header(f'name="{_escape(name)}"') + value + "\r\n"
            for name, value in self.fields.items()
        )
        file = self._part_header(
            f'name="file"; filename="{_escape(self.filename)}"', "application/octet-stream"
        )
        return (fields + file).encode()

    def _part_header(self, disposition: str, media_type: str | None = None) -> str:
        type_ = f"\r\nContent-Type: {media_type}" if media_type else ""
        return f"--{self.boundary}\r\nContent-Disposition: form-data; {disposition}{type_}\r\n\r\n"

    def _tail(self) -> bytes:
        return f"\r\n--{self.boundary}--\r\n".encode()


@asynccontextmanager
async def spool(chunks: AsyncIterable[bytes]) -> AsyncIterator[IO[bytes]]:
    """Yield a temporary file with the chunks."""
    with SpooledTemporaryFile(SPOOL_BYTES) as spooled:
        async for chunk in chunks:
            await asyncio.to_thread(spooled.write, chunk)
        spooled.seek(0)
        yield cast("IO[bytes]", spooled)


@contextmanager
def _open_file(source: Source) -> Iterator[IO[bytes]]:
    """Yield a file that can be rewound; only one that was opened here is closed."""
    if isinstance(source, str | os.PathLike):
        with Path(source).open("rb") as opened, _open_file(opened) as file:
            yield file
    elif isinstance(source, bytes | bytearray | memoryview):
        yield BytesIO(source)
    elif _can_be_rewound(source):
        yield cast("IO[bytes]", source)
    else:
        with SpooledTemporaryFile(SPOOL_BYTES) as spooled:
            spooled.writelines(_pieces(source))
            spooled.seek(0)
            yield cast("IO[bytes]", spooled)


def _can_be_rewound(source: object) -> bool:
    seekable = getattr(source, "seekable", None)
    return callable(seekable) and bool(seekable())


def _pieces(source: Iterable[bytes]) -> Iterable[bytes]:
    """Return the source itself, or the pieces of a file, which would be iterated by lines."""
    read = getattr(source, "read", None)
    return source if read is None else iter(partial(read, CHUNK_BYTES), b"")


def _name_of(source: Source) -> str:
    """Return the name of the file, as far as there is one; bytes that are no UTF-8 are replaced."""
    path = source if isinstance(source, str | os.PathLike) else getattr(source, "name", None)
    if not isinstance(path, str | os.PathLike):
        return "upload"
    return os.fsencode(Path(path).name).decode(errors="replace")


def _escape(text: str) -> str:
    return text.translate(ESCAPES)
