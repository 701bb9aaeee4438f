"""Whether the images that a pipeline names are there, asked before a job is accepted."""

from pathlib import Path

from imagemill.blocking import off_loop
from imagemill.gateway.problem import pointer
from imagemill.gateway.refusals import FieldError, InvalidFields
from imagemill.imaging.assets import missing_assets, named_assets
from imagemill.imaging.pipeline import Pipeline


async def require_assets(pipeline: Pipeline, folder: Path | None) -> None:
    """Raise InvalidFields, which names every image that is not in the folder."""
    names = named_assets(pipeline)
    missing = await off_loop(lambda: [*missing_assets(folder, names)]) if names else []
    if missing:
        raise InvalidFields(*(FieldError(pointer(place), why) for place, why in missing))
