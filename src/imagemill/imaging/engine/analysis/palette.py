"""The palette: up to six main colours of a picture.

Similar colours are gathered in cells of an even grid, and the box of all cells is split where it
varies most, until there are enough boxes or each is nearly one colour. The colour of a box is that
of a cell that has most of its pixels, else the mean: in a flat drawing that is exactly the colour
that was drawn, while the mean is off by what the edges mix in.

Source: S. J. Wan, P. Prusinkiewicz, S. K. M. Wong, "Variance-based color image quantization for
frame buffer display", Color Research & Application 15(1), 1990.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from imagemill.imaging.engine.analysis.pixels import Pixels
from imagemill.imaging.spec.bounds import MAX_PALETTE_COLORS

# Cells are 16 levels wide: more than the noise of a photo, less than the step between two colours.
CELL_BITS: Final = 4

# Mean square distance to a box's mean, of 255 a channel: below it a box counts as one colour.
ONE_COLOR: Final = 12.0**2

# A box with less of the picture than this is an edge or a speck and no colour of the picture.
MIN_SHARE: Final = 0.02


@dataclass(frozen=True, slots=True)
class Cell:
    """The mean of similar colours, 0 to 255 each, and the number of pixels, weighed by opacity."""

    color: tuple[float, float, float]
    weight: float


Box = Sequence[Cell]


def find_palette(pixels: Pixels) -> list[str]:
    """Return up to MAX_PALETTE_COLORS colours as `#rrggbb`, most frequent first."""
    cells = _gather_cells(pixels)
    if not cells:
        return []
    boxes = _split_into_boxes(cells)
    total = _sum_weights(cells)
    boxes = [box for box in boxes if _sum_weights(box) >= total * MIN_SHARE]
    return [_choose_color(box) for box in sorted(boxes, key=_sum_weights, reverse=True)]


def _gather_cells(pixels: Pixels) -> Box:
    sums: dict[tuple[int, int, int], list[float]] = {}
    for (red, green, blue, alpha), count in Counter(pixels.colors()).items():
        weight = count * alpha
        place = (red >> 8 - CELL_BITS, green >> 8 - CELL_BITS, blue >> 8 - CELL_BITS)
        total = sums.setdefault(place, [0, 0, 0, 0])
        for channel, value in enumerate((red, green, blue, 1)):
            total[channel] += value * weight
    return [
        Cell((red / weight, green / weight, blue / weight), weight)
        for red, green, blue, weight in sums.values()
        if weight
    ]


def _split_into_boxes(cells: Box) -> list[Box]:
    boxes = [cells]
    while len(boxes) < MAX_PALETTE_COLORS:
        widest = max(boxes, key=lambda box: sum(_compute_variances(box)) * _sum_weights(box))
        if sum(_compute_variances(widest)) < ONE_COLOR:
            break
        boxes.remove(widest)
        boxes += _halve(widest)
    return boxes


def _halve(box: Box) -> tuple[Box, Box]:
    """Split the box at its mean, across the channel that varies most."""
    variances = _compute_variances(box)
    channel = variances.index(max(variances))
    middle = _compute_means(box)[channel]
    return (
        [cell for cell in box if cell.color[channel] <= middle],
        [cell for cell in box if cell.color[channel] > middle],
    )


def _sum_weights(box: Box) -> float:
    return sum(cell.weight for cell in box)


def _compute_means(box: Box) -> list[float]:
    weight = _sum_weights(box)
    return [sum(cell.color[channel] * cell.weight for cell in box) / weight for channel in range(3)]


def _compute_variances(box: Box) -> list[float]:
    weight = _sum_weights(box)
    return [
        sum((cell.color[channel] - mean) ** 2 * cell.weight for cell in box) / weight
        for channel, mean in enumerate(_compute_means(box))
    ]


def _choose_color(box: Box) -> str:
    fullest = max(box, key=lambda cell: cell.weight)
    color = fullest.color if fullest.weight * 2 > _sum_weights(box) else _compute_means(box)
    return "#" + bytes(round(value) for value in color).hex()
