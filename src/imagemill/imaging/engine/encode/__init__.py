"""The encoders, one a file. Each has one function, `save(image, target, output, keep)`.

`keep` is libvips' word for which metadata goes into the file. The defaults were measured on a
photo of 6 megapixels, scaled to 1600 and to 320 pixels, on one core.
"""

from pathlib import Path
from types import MappingProxyType
from typing import Final

from imagemill.imaging.color.convert_depth import convert_depth
from imagemill.imaging.engine.encode import avif, gif, jpeg, png, tiff, webp
from imagemill.imaging.engine.encode.flatten import flatten
from imagemill.imaging.engine.encode.search import best_within
from imagemill.imaging.engine.libvips import Image, Target
from imagemill.imaging.formats import Format
from imagemill.imaging.metadata.prepare import complete_metadata, prepare_metadata
from imagemill.imaging.metadata.select import select_metadata
from imagemill.imaging.spec.pipeline import Output

ENCODERS: Final = MappingProxyType(
    {"jpeg": jpeg, "png": png, "webp": webp, "avif": avif, "gif": gif, "tiff": tiff}
)


def write(image: Image, file: Path, output: Output, format_: Format) -> None:
    """Write the finished picture to the file, of lower quality where `max_bytes` asks for it."""
    image = select_metadata(flatten(convert_depth(image, format_), output, format_), output)
    if output.max_bytes is None:
        encode(image, Target.new_to_file(str(file)), output, format_)
        complete_metadata(file, image, format_)
    else:
        file.write_bytes(_within(output.max_bytes, image.copy_memory(), output, format_))


def encode(image: Image, target: Target, output: Output, format_: Format) -> None:
    """Write a picture that the format can hold. Only here pixels flow through the steps."""
    image, keep = prepare_metadata(image, format_)
    ENCODERS[format_.name].save(image, target, output, keep)


def _within(max_bytes: int, image: Image, output: Output, format_: Format) -> bytes:
    def encoded(quality: int) -> bytes:
        target = Target.new_to_memory()
        encode(image, target, output.model_copy(update={"quality": quality}), format_)
        return bytes(target.get("blob"))

    highest = output.quality or ENCODERS[format_.name].QUALITY
    return best_within(max_bytes, highest, encoded)
