"""Whether the images that a pipeline names are there, asked before a job is accepted."""

from pathlib import Path

from imagemill.blocking import run_in_thread
from imagemill.field_errors import FieldError, InvalidFields, json_pointer
from imagemill.imaging.spec.assets import find_missing_assets, find_named_assets
from imagemill.imaging.spec.pipeline import Pipeline


async def require_assets(pipeline: Pipeline, folder: Path | None) -> None:
    """Raise InvalidFields, which names every image that is not in the folder."""
    names = find_named_assets(pipeline)
    missing = await run_in_thread(lambda: [*find_missing_assets(folder, names)]) if names else []
    if missing:
        raise InvalidFields(*(FieldError(json_pointer(place), why) for place, why in missing))
