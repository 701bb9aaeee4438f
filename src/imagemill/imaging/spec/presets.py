"""Presets, which are named pipelines: two built-in ones and those of a file.

The file is TOML with one table for each preset, in the schema of Pipeline:

    [avatar]
    outputs = [{ width = 128, height = 128, fit = "cover", format = "webp" }]
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from pydantic import ValidationError

from imagemill.errors import ServiceError
from imagemill.imaging.spec.assets import Location, find_missing_assets, find_named_assets
from imagemill.imaging.spec.fonts import find_undrawable_texts
from imagemill.imaging.spec.pipeline import Output, Pipeline
from imagemill.near_misses import describe_invalid

BUILT_IN: Final = MappingProxyType(
    {
        "default": Pipeline.of(Output(width=2048, height=2048, format="webp")),
        "thumbnail": Pipeline.of(Output(width=320, height=320, fit="cover", format="webp")),
    }
)


class PresetsError(ServiceError):
    """The presets file is wrong. The message is one sentence naming the file and the preset."""


def load_presets(file: Path | None, assets: Path | None = None) -> Mapping[str, Pipeline]:
    """Return the built-in presets and those of the file, which replace built-in ones.

    Raises PresetsError when the file cannot be read, a table is not a valid Pipeline, an asset is
    missing, or a text has a character without a glyph; FontError for a font that is broken.
    """
    if file is None:
        return BUILT_IN
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PresetsError(f"the presets file {file} cannot be read: {error}") from error
    return MappingProxyType(
        {**BUILT_IN, **{name: _parse_preset(file, name, tables[name], assets) for name in tables}}
    )


def _parse_preset(file: Path, name: str, table: object, assets: Path | None) -> Pipeline:
    try:
        pipeline = Pipeline.model_validate(table)
    except ValidationError as error:
        first = error.errors()[0]
        raise _preset_error(file, name, first["loc"], describe_invalid(first)) from error
    unusable = (
        *find_missing_assets(assets, find_named_assets(pipeline)),
        *find_undrawable_texts(pipeline, assets),
    )
    for location, reason in unusable:
        raise _preset_error(file, name, location, reason)
    return pipeline


def _preset_error(file: Path, name: str, location: Location, reason: str) -> PresetsError:
    where = "/".join(map(str, location)) or "the table"
    return PresetsError(f"preset {name!r} in {file} is wrong at {where}: {reason}")
