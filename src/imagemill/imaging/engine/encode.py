"""Encoding of finished pictures, converted to what the format can hold, with metadata to keep."""

import os
from io import BytesIO
from typing import Final

from imagemill.imaging.color.convert_for_format import convert_for_format
from imagemill.imaging.engine.canvas import flatten
from imagemill.imaging.engine.encoders import ENCODERS
from imagemill.imaging.engine.gain_map import GainMap
from imagemill.imaging.engine.quality_search import find_best_quality
from imagemill.imaging.engine.reduce_colors import reduce_colors
from imagemill.imaging.file_data import (
    MAX_INLINE_BYTES,
    Data,
    read_descriptor,
    write_descriptor,
)
from imagemill.imaging.formats import Format
from imagemill.imaging.libvips import Image, Target
from imagemill.imaging.metadata.gain_map_file import GainMapFacts, join_gain_map
from imagemill.imaging.metadata.prepare import complete_metadata, prepare_metadata
from imagemill.imaging.metadata.select import select_metadata
from imagemill.imaging.spec.plain import Output, replace

EncodedMap = tuple[bytes, GainMapFacts]

# A picture of no more pixels is encoded in memory; its file is rarely larger than a few megabytes.
MAX_BUFFERED_PIXELS: Final = 1_000_000


def write(
    image: Image,
    file: int,
    output: Output,
    format_: Format,
    gain_map: GainMap | None = None,
    *,
    had_few_colors: bool,
) -> Data:
    """Encode the finished picture, and return its bytes, with those of its gain map.

    `had_few_colors`: the input has a palette or few bits, and nothing has mixed its colours. If the
    bytes are more than MAX_INLINE_BYTES, they are in the empty file of this descriptor, too. The
    quality is lower if `max_bytes` requires it.
    """
    image = flatten(convert_for_format(image, format_), output, format_)
    image = reduce_colors(image, output, format_, had_few=had_few_colors)
    image = select_metadata(image, output)
    highest = output.quality or format_.default_quality
    if output.max_bytes is not None and highest is not None:
        data = _encode_within(output.max_bytes, highest, image, output, format_, gain_map)
    elif image.width * image.height <= MAX_BUFFERED_PIXELS or gain_map is not None:
        data = _encode_to_memory(image, output, format_, _encode_map(gain_map))
    else:
        encode(image, Target.new_to_descriptor(file), output, format_)
        with os.fdopen(file, "r+b", closefd=False) as written:
            complete_metadata(written, image, format_, is_lossless=output.lossless)
        return read_descriptor(file)
    if len(data) > MAX_INLINE_BYTES:
        write_descriptor(file, data)
    return data


def _encode_within(
    max_bytes: int,
    highest: int,
    image: Image,
    output: Output,
    format_: Format,
    gain_map: GainMap | None,
) -> bytes:
    held, joined = image.copy_memory(), _encode_map(gain_map)
    return find_best_quality(
        max_bytes,
        highest,
        lambda quality: _encode_to_memory(held, replace(output, quality=quality), format_, joined),
    )


def _encode_map(gain_map: GainMap | None) -> EncodedMap | None:
    return None if gain_map is None else (gain_map.encode(), gain_map.facts)


def _encode_to_memory(
    image: Image, output: Output, format_: Format, gain_map: EncodedMap | None
) -> bytes:
    target = Target.new_to_memory()
    encode(image, target, output, format_)
    stream = BytesIO(target.get("blob"))
    complete_metadata(stream, image, format_, is_lossless=output.lossless)
    data = stream.getvalue()
    return data if gain_map is None else join_gain_map(data, *gain_map)


def encode(image: Image, target: Target, output: Output, format_: Format) -> None:
    """Write a picture that the format can hold. Its pixels are computed only now."""
    image, keep = prepare_metadata(image, format_)
    ENCODERS[format_.name].save(image, target, output, keep)
