"""A server of one's own, that lives as long as one command and keeps nothing."""

import os
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

from imagemill.embedded.folders import PASS_THROUGH
from imagemill.embedded.ports import free_port
from imagemill.embedded.stack import run_stack
from imagemill.field_errors import InvalidFields
from imagemill.imaging.spec.presets import load_presets
from imagemill.job_request import parse_fields
from imagemill.process.errors import Misused
from imagemill.process.job_options import Asked
from imagemill.process.server import Address
from imagemill.settings import read_settings

HOST: Final = "127.0.0.1"


def checked_pipeline(asked: Asked) -> dict[str, Any]:
    """Return the pipeline that is asked for, as the gateway of our own would read it.

    Raises Misused with what that gateway would say; SettingsError, PresetsError.
    """
    presets = load_presets(read_settings().presets_file)
    try:
        return parse_fields(asked.fields.items(), presets).pipeline.as_json()
    except InvalidFields as error:
        raise Misused(*(asked.fault(one.pointer, one.detail) for one in error.errors)) from error


@asynccontextmanager
async def server_of_ones_own(tell: Callable[[str], None]) -> AsyncIterator[Address]:
    """Run everything in a temporary folder until the block is left; `tell` gets a line a step.

    Raises EmbeddedError.
    """
    settings = {
        # A failed picture is told of by its outcome; the services speak up for what else is wrong.
        "LOG_LEVEL": os.environ.get("LOG_LEVEL", "error"),
        # What still runs when we stop was given up, and its job goes with the folder.
        "SHUTDOWN_GRACE_SECONDS": "0",
    }
    with _temporary_folder() as folder:
        async with run_stack(folder / "data", HOST, free_port(), settings, tell=tell) as stack:
            yield Address(stack.url, is_here=True)


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="imagemill-") as name:
        folder = Path(name)
        folder.chmod(PASS_THROUGH)  # PostgreSQL may have to run as another account
        yield folder
