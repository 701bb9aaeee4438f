"""Local imagemill server for the duration of one command, in a temporary folder."""

import os
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

from imagemill.embedded.folders import TRAVERSABLE
from imagemill.embedded.ports import find_free_port
from imagemill.embedded.stack import run_stack
from imagemill.field_errors import InvalidFields
from imagemill.imaging.spec.presets import load_presets
from imagemill.job_request import parse_fields
from imagemill.process.job_options import JobOptions
from imagemill.process.server import ServerAddress
from imagemill.settings import read_settings

HOST: Final = "127.0.0.1"


def validate_pipeline(options: JobOptions) -> dict[str, Any]:
    """Return the pipeline that the local server will use, as JSON.

    Raises UsageError with the errors that the server would answer; SettingsError, PresetsError.
    """
    presets = load_presets(read_settings().presets_file)
    try:
        return parse_fields(options.fields.items(), presets).pipeline.as_json()
    except InvalidFields as error:
        raise options.usage_error(error.errors) from error


@asynccontextmanager
async def run_local_server(report: Callable[[str], None]) -> AsyncIterator[ServerAddress]:
    """Run all services in a temporary folder during the block; `report` gets a line for each step.

    Raises EmbeddedError.
    """
    settings = {
        # Failed jobs are reported as outcomes; the services log errors only.
        "LOG_LEVEL": os.environ.get("LOG_LEVEL", "error"),
        # Jobs that still run at the end were interrupted, and are deleted with the folder.
        "SHUTDOWN_GRACE_SECONDS": "0",
    }
    with _temporary_folder() as folder:
        async with run_stack(
            folder / "data", HOST, find_free_port(), settings, report=report
        ) as stack:
            yield ServerAddress(stack.url, is_local=True)


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="imagemill-") as name:
        folder = Path(name)
        folder.chmod(TRAVERSABLE)  # PostgreSQL may have to run as another user
        yield folder
