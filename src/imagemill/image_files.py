"""Facts of a job's image files: one shape each, from the engine to the job store.

The engine finds them, the sandbox validates them, the worker publishes the files, and the column
`jobs.outputs` holds them as JSON. Only the public schema in `api_schemas.py` stands apart.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InputImage:
    """The decoded input: upright width and height in pixels, and its number of frames."""

    width: int
    height: int
    frames: int


@dataclass(frozen=True, slots=True)
class OutputFile:
    """An output's file. Width and height are in pixels, `sha256` is in lower-case hexadecimal.

    `path` is relative to the folder that the output was rendered to; once it has been published, it
    is its key in the storage.
    """

    name: str
    path: str
    media_type: str
    bytes: int
    width: int
    height: int
    frames: int
    sha256: str
