"""Changes of pixels with respect to alpha, and compositing. Colours are not premultiplied."""

from collections.abc import Callable

from imagemill.imaging.color.levels import get_max_level
from imagemill.imaging.libvips import Image


def apply_premultiplied(image: Image, change: Callable[[Image], Image]) -> Image:
    """Apply a change that mixes neighbouring pixels, each weighed by its opacity.

    So the colours of transparent pixels do not bleed into visible ones. Premultiplied levels are
    rounded to the image's own depth, which only faint pixels lose by: floats would take more than
    twice the time.
    """
    if not image.hasalpha():
        return change(image)
    depth, space, opaque = image.format, image.interpretation, get_max_level(image)
    weighed = image.premultiply(max_alpha=opaque).rint().cast(depth).copy(interpretation=space)
    mixed = change(weighed).unpremultiply(max_alpha=opaque)
    return mixed.rint().cast(depth).copy(interpretation=space)


def apply_to_colors(image: Image, change: Callable[[Image], Image]) -> Image:
    """Apply a change to all bands but alpha."""
    if not image.hasalpha():
        return change(image)
    colors, alpha = image[: image.bands - 1], image[image.bands - 1]
    return change(colors).bandjoin(alpha)


def composite(above: Image, below: Image) -> Image:
    """Return one image over another of the same size, colour space and depth, both with alpha.

    Where nothing is laid on it, the one below stays as it is, colours that nobody sees included.
    Source: T. Porter and T. Duff, "Compositing Digital Images", SIGGRAPH 1984.
    """
    opaque = get_max_level(below)
    uncovered = 1 - above[above.bands - 1] / opaque
    seen = above.premultiply(max_alpha=opaque) + below.premultiply(max_alpha=opaque) * uncovered
    mixed = seen.copy(interpretation=below.interpretation).unpremultiply(max_alpha=opaque)
    whole = mixed.rint().cast(below.format).copy(interpretation=below.interpretation)
    return (above[above.bands - 1] == 0).ifthenelse(below, whole)
