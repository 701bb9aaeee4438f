"""The server that a run uses: the client of imagemill, with its errors as those of a run."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from imagemill.client import (
    AsyncClient,
    ClientError,
    DamagedDownload,
    Job,
    JobOutput,
    Problem,
    ServerUnreachable,
    Unauthorized,
    UnexpectedResponse,
)
from imagemill.client.backoff import MAX_TRIES
from imagemill.client.connection import is_http_url
from imagemill.field_errors import FieldError
from imagemill.process.errors import FileError, NotImagemill, UsageError
from imagemill.process.files import format_path


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """The address of a server, and the API key that is sent with every request, if any.

    A local server is connected to directly, without the proxies that the environment names.
    """

    url: str
    key: str | None = field(default=None, repr=False)
    is_local: bool = False

    @classmethod
    def parse(cls, url: str, key: str | None) -> Self:
        """Return the address for the options --url and --key. Raises UsageError."""
        if not is_http_url(url):
            raise UsageError(f"--url: {url!r} is not a URL such as http://127.0.0.1:8000.")
        if key is not None and not (key.isascii() and key.isprintable()):
            raise UsageError("--key: contains characters that an HTTP header cannot carry.")
        return cls(url, key)


class FieldsRejected(UsageError):
    """The server rejects the fields, and so would reject every file."""

    def __init__(self, errors: tuple[FieldError, ...]) -> None:
        super().__init__(*(f"{error.pointer}: {error.detail}" for error in errors))
        self.errors = errors


class ServerClient:
    """Uploads, waits for, downloads and deletes jobs.

    Besides the errors that the methods name, they raise UsageError and NotImagemill, which would
    concern every file. Once the server was unreachable in all tries, every later call fails at
    once.
    """

    def __init__(self, client: AsyncClient) -> None:
        self._client = client
        self._gave_up: FileError | None = None

    @classmethod
    @asynccontextmanager
    async def open(cls, address: ServerAddress, max_tries: int = MAX_TRIES) -> AsyncIterator[Self]:
        async with AsyncClient(
            address.url, address.key, max_tries=max_tries, trust_env=not address.is_local
        ) as client:
            yield cls(client)

    async def fetch_presets(self) -> dict[str, Any]:
        """Return the server's presets by name. Raises FileError."""
        with self._translate_errors():
            return await self._client.presets()

    async def submit(self, path: Path, fields: Mapping[str, str]) -> Job:
        """Upload the file and return its job. Raises FileError, OSError."""
        # The fields are text already, as the command line has them; the server validates them.
        options: Any = fields
        with self._translate_errors():
            return await self._client.upload(path, filename=format_path(Path(path.name)), **options)

    async def wait_for_end(self, job: Job) -> Job:
        """Return the job once it has ended. Raises FileError."""
        with self._translate_errors():
            return await self._client.wait(job)

    async def download(self, job: Job, output: JobOutput, path: Path) -> None:
        """Write the output to the path and verify its digest. Raises FileError, OSError."""
        with self._translate_errors():
            await self._client.download(job, path, output.name)

    async def delete(self, job: Job) -> None:
        """Delete the job and its files. Raises FileError."""
        with self._translate_errors():
            await self._client.delete(job)

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        if self._gave_up:
            raise self._gave_up
        try:
            yield
        except ServerUnreachable as error:
            self._gave_up = FileError("unavailable", str(error))
            raise self._gave_up from error
        except ClientError as error:
            raise _translate(error) from error


def _translate(error: ClientError) -> FileError | UsageError | NotImagemill:
    match error:
        case UnexpectedResponse():
            return NotImagemill(str(error))
        case Unauthorized():
            return UsageError(
                "The server requires an API key: set IMAGEMILL_API_KEY to a key that it accepts."
            )
        case Problem(errors=errors) if errors:
            return FieldsRejected(errors)
        case Problem(is_transient=False):
            return FileError(error.slug.replace("-", "_"), error.detail)
        case DamagedDownload():
            return FileError("damaged_download", str(error))
    return FileError("unavailable", str(error))
