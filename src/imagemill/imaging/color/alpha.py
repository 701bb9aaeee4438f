"""Keeps the colours of transparent pixels from bleeding into visible ones."""

from collections.abc import Callable

from imagemill.imaging.color.levels import max_level
from imagemill.imaging.libvips import Image


def apply_premultiplied(image: Image, change: Callable[[Image], Image]) -> Image:
    """Apply a change that mixes neighbouring pixels, weighing each by its opacity.

    The mixing is done in the image's own depth: floats would take more than twice the time, and
    what rounding loses in faint pixels is lost in a faint pixel.
    """
    if not image.hasalpha():
        return change(image)
    depth, space, opaque = image.format, image.interpretation, max_level(image)
    weighed = image.premultiply(max_alpha=opaque).rint().cast(depth).copy(interpretation=space)
    mixed = change(weighed).unpremultiply(max_alpha=opaque)
    return mixed.rint().cast(depth).copy(interpretation=space)


def apply_to_colors(image: Image, change: Callable[[Image], Image]) -> Image:
    """Apply a change to the colours and leave the opacity as it is."""
    if not image.hasalpha():
        return change(image)
    colors, alpha = image[: image.bands - 1], image[image.bands - 1]
    return change(colors).bandjoin(alpha)


def composite(above: Image, below: Image) -> Image:
    """Lay one picture on another of the same size, space and depth, both with alpha.

    Source: T. Porter and T. Duff, "Compositing Digital Images", SIGGRAPH 1984.
    """
    opaque = max_level(below)
    uncovered = 1 - above[above.bands - 1] / opaque
    seen = above.premultiply(max_alpha=opaque) + below.premultiply(max_alpha=opaque) * uncovered
    mixed = seen.copy(interpretation=below.interpretation).unpremultiply(max_alpha=opaque)
    return mixed.rint().cast(below.format).copy(interpretation=below.interpretation)
