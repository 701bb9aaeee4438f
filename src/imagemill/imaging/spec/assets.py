"""The images that a pipeline may name: the files of one folder, by their bare names."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from imagemill.imaging.errors import DoesNotFit
from imagemill.imaging.formats import FORMATS, SNIFF_BYTES, sniff
from imagemill.imaging.spec.pipeline import Pipeline

# Where in a pipeline, as pydantic's `loc`.
Location = tuple[str | int, ...]


def find_named_assets(pipeline: Pipeline) -> Mapping[Location, str]:
    """Return the name of each image that the pipeline asks for, by the place of the name."""
    return {
        ("outputs", at, "watermark", "image"): output.watermark.image
        for at, output in enumerate(pipeline.outputs)
        if output.watermark is not None and output.watermark.image is not None
    }


def find_missing_assets(
    folder: Path | None, names: Mapping[Location, str]
) -> Iterator[tuple[Location, str]]:
    """Yield the place of each name that cannot be used, and a sentence that says why."""
    for place, name in names.items():
        try:
            find_asset(folder, name)
        except DoesNotFit as error:
            yield place, str(error)


def find_asset(folder: Path | None, name: str) -> Path:
    """Return the file of this name, all links followed.

    A link may lead to another place in the folder and nowhere else: that is how container engines
    mount files. Raises DoesNotFit when there is no such picture, or no folder.
    """
    if folder is None:
        raise DoesNotFit(f"There is no image {name!r}: no folder of images is set (ASSETS_DIR).")
    try:
        root = folder.resolve(strict=True)
        file = (root / name).resolve(strict=True)
        if not file.is_relative_to(root) or not file.is_file():
            raise FileNotFoundError(name)
        with file.open("rb") as stream:
            head = stream.read(SNIFF_BYTES)
    except (OSError, RuntimeError) as error:  # RuntimeError: links that lead in a circle
        raise DoesNotFit(f"There is no image {name!r} in the folder of images.") from error
    if sniff(head) is None:
        known = ", ".join(FORMATS)
        raise DoesNotFit(f"The image {name!r} is of no format that we take: {known}.")
    return file
