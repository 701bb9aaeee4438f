"""Encoding of finished pictures, converted to what the format can hold, with metadata to keep."""

import os

from imagemill.imaging.color.convert_for_format import convert_for_format
from imagemill.imaging.engine.canvas import flatten
from imagemill.imaging.engine.encoders import ENCODERS
from imagemill.imaging.engine.quality_search import find_best_quality
from imagemill.imaging.formats import Format
from imagemill.imaging.libvips import Image, Target
from imagemill.imaging.metadata.prepare import complete_metadata, prepare_metadata
from imagemill.imaging.metadata.select import select_metadata
from imagemill.imaging.spec.plain import Output, replace


def write(image: Image, file: int, output: Output, format_: Format) -> None:
    """Write the finished picture to the empty file of this descriptor.

    Its quality is lower if `max_bytes` requires it.
    """
    image = select_metadata(flatten(convert_for_format(image, format_), output, format_), output)
    highest = output.quality or format_.default_quality
    if output.max_bytes is None or highest is None:
        encode(image, Target.new_to_descriptor(file), output, format_)
        complete_metadata(file, image, format_)
    else:
        image = image.copy_memory()

        def encode_at(quality: int) -> bytes:
            target = Target.new_to_memory()
            encode(image, target, replace(output, quality=quality), format_)
            return bytes(target.get("blob"))

        with os.fdopen(file, "wb", closefd=False) as stream:
            stream.write(find_best_quality(output.max_bytes, highest, encode_at))


def encode(image: Image, target: Target, output: Output, format_: Format) -> None:
    """Write a picture that the format can hold. Its pixels are computed only now."""
    image, keep = prepare_metadata(image, format_)
    ENCODERS[format_.name].save(image, target, output, keep)
