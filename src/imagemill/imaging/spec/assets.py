"""Assets: the images of one folder that a pipeline may name, by their bare file names."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from imagemill.imaging.errors import DoesNotFit
from imagemill.imaging.formats import FORMATS, SNIFF_BYTES, sniff
from imagemill.imaging.spec.plain import Pipeline

# A location in a pipeline, as pydantic's `loc`.
Location = tuple[str | int, ...]


def find_named_assets(pipeline: Pipeline) -> Mapping[Location, str]:
    """Return the name of each asset in the pipeline, by its location."""
    return {
        ("outputs", index, "watermark", "image"): output.watermark.image
        for index, output in enumerate(pipeline.outputs)
        if output.watermark is not None and output.watermark.image is not None
    }


def find_missing_assets(
    folder: Path | None, names: Mapping[Location, str]
) -> Iterator[tuple[Location, str]]:
    """Yield the location of each asset that cannot be used, and a message with the reason."""
    for location, name in names.items():
        try:
            find_asset(folder, name)
        except DoesNotFit as error:
            yield location, str(error)


def find_asset(folder: Path | None, name: str) -> Path:
    """Return the file of this name, with all links resolved.

    A link must not lead out of the folder; links inside it are how container engines mount files.
    Raises DoesNotFit when there is no folder, no such file, or a file of no known format.
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
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links
        raise DoesNotFit(f"There is no image {name!r} in the folder of images.") from error
    if sniff(head) is None:
        known = ", ".join(FORMATS)
        raise DoesNotFit(f"The image {name!r} is in none of the supported formats: {known}.")
    return file
