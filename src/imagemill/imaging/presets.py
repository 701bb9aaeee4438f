"""Pipelines with a name: two that are built in, and those of a file.

The file is TOML, a table a preset, holding a Pipeline:

    [avatar]
    outputs = [{ width = 128, height = 128, fit = "cover", format = "webp" }]
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from pydantic import ValidationError

from imagemill.imaging.pipeline import Output, Pipeline

BUILT_IN: Final = MappingProxyType(
    {
        "default": Pipeline.of(Output(width=2048, height=2048, format="webp")),
        "thumbnail": Pipeline.of(Output(width=320, height=320, fit="cover", format="webp")),
    }
)


class PresetsError(Exception):
    """The presets file is wrong. The message is one sentence naming the file and the preset."""


def load_presets(file: Path | None) -> Mapping[str, Pipeline]:
    """Return the built-in presets and those of the file, which win over built-in ones.

    Raises PresetsError when the file cannot be read or a table in it is no Pipeline.
    """
    if file is None:
        return BUILT_IN
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PresetsError(f"the presets file {file} cannot be read: {error}") from error
    return MappingProxyType(
        {**BUILT_IN, **{name: _parse(file, name, tables[name]) for name in tables}}
    )


def _parse(file: Path, name: str, table: object) -> Pipeline:
    try:
        return Pipeline.model_validate(table)
    except ValidationError as error:
        first = error.errors()[0]
        place = "/".join(map(str, first["loc"])) or "the table"
        raise PresetsError(
            f"preset {name!r} in {file} is wrong at {place}: {first['msg']}"
        ) from error
