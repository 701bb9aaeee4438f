"""Pixels of a small picture: turned, cut and padded as the steps do it with libvips."""

from types import MappingProxyType
from typing import Final

import numpy as np

from imagemill.imaging.engine.decoders.libjpeg_turbo import Pixels
from imagemill.imaging.engine.geometry import Placement, Size, crop_size, pad_edges, pad_size
from imagemill.imaging.engine.header import Header
from imagemill.imaging.engine.position import align, find_cut
from imagemill.imaging.engine.steps.crop import find_span
from imagemill.imaging.spec.hex_color import parse_color
from imagemill.imaging.spec.plain import Output

# What each EXIF orientation asks for: whether rows and columns change places, and then whether the
# picture is mirrored vertically and horizontally. Source: CIPA DC-008, 4.6.4.
TURNS: Final = MappingProxyType(
    {
        1: (False, False, False),
        2: (False, False, True),
        3: (False, True, True),
        4: (False, True, False),
        5: (True, False, False),
        6: (True, False, True),
        7: (True, True, True),
        8: (True, True, False),
    }
)
# The orientation that asks for a rotation by so many degrees clockwise.
ORIENTATIONS: Final = MappingProxyType({0: 1, 90: 6, 180: 3, 270: 8})


def turn(pixels: Pixels, output: Output, header: Header) -> Pixels:
    """Return a view of the picture, turned upright, and turned and mirrored as the output asks."""
    pixels = _orient(pixels, header.orientation)
    pixels = _orient(pixels, ORIENTATIONS[int(output.rotate % 360)])
    return pixels[:: -1 if output.flip else 1, :: -1 if output.flop else 1]


def crop(pixels: Pixels, size: Size, output: Output) -> tuple[Pixels, Size]:
    """Return the part that the output keeps of a picture of nominal `size`, and its size."""
    area = output.crop
    if area is None:
        return pixels, size
    kept, (height, width, _) = crop_size(size, output), pixels.shape
    left, across = find_span(area.left, kept.width, width, size.width)
    top, down = find_span(area.top, kept.height, height, size.height)
    return _cut(pixels, left, top, Size(across, down)), kept


def fill_box(pixels: Pixels, placement: Placement, output: Output) -> Pixels:
    """Crop the scaled picture to its box, or fill the rest of the box with background."""
    size, box = placement.scaled, placement.box
    if box == size:
        return pixels
    if box.width < size.width or box.height < size.height:
        return _cut(pixels, *find_cut(box, size, output.position), box)
    return _place_on_canvas(pixels, *align(size, box, str(output.position)), box, output)


def pad(pixels: Pixels, output: Output) -> Pixels:
    """Add background around the picture."""
    height, width, _ = pixels.shape
    size = pad_size(Size(width, height), output)
    if size == Size(width, height):
        return pixels
    top, _, _, left = pad_edges(output)
    return _place_on_canvas(pixels, left, top, size, output)


def _orient(pixels: Pixels, orientation: int) -> Pixels:
    swaps, mirrors_rows, mirrors_columns = TURNS[orientation]
    if swaps:
        pixels = pixels.transpose(1, 0, 2)
    return pixels[:: -1 if mirrors_rows else 1, :: -1 if mirrors_columns else 1]


def _cut(pixels: Pixels, left: int, top: int, size: Size) -> Pixels:
    return pixels[top : top + size.height, left : left + size.width]


def _place_on_canvas(pixels: Pixels, left: int, top: int, size: Size, output: Output) -> Pixels:
    """Return the picture on a canvas; a grey one gets three channels if the canvas has a colour."""
    height, width, bands = pixels.shape
    color: tuple[int, ...] = parse_color(output.background)[: len("rgb")]
    if len(set(color)) == 1:
        color = color[:bands]
    canvas = np.empty((size.height, size.width, len(color)), np.uint8)
    canvas[:] = color
    canvas[top : top + height, left : left + width] = pixels
    return canvas
