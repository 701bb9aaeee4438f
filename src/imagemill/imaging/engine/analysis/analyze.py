"""Runs the analyses that a pipeline asks for, on a thumbnail of its one decode."""

from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, cast

from imagemill.imaging.engine.analysis.blurhash import compute_blurhash
from imagemill.imaging.engine.analysis.dominant_color import find_dominant_color
from imagemill.imaging.engine.analysis.metadata import read_metadata
from imagemill.imaging.engine.analysis.palette import find_palette
from imagemill.imaging.engine.analysis.phash import compute_phash
from imagemill.imaging.engine.analysis.pixels import Pixels
from imagemill.imaging.engine.analysis.thumbhash import compute_thumbhash
from imagemill.imaging.engine.analysis.thumbnail import make_thumbnail, stretch_to_square, to_pixels
from imagemill.imaging.engine.header import Header
from imagemill.imaging.engine.libvips_errors import translate_encode_errors
from imagemill.imaging.libvips import Image
from imagemill.imaging.spec.bounds import METADATA, AnalysisName

if TYPE_CHECKING:  # image processes do without: it takes time to load
    from imagemill.imaging.spec.analysis import Analysis

OF_THUMBNAIL: Final = MappingProxyType[AnalysisName, Callable[[Pixels], object]](
    {
        "blurhash": compute_blurhash,
        "thumbhash": compute_thumbhash,
        "dominant_color": find_dominant_color,
        "palette": find_palette,
    }
)
OF_SQUARE: Final = MappingProxyType[AnalysisName, Callable[[Pixels], object]](
    {"phash": compute_phash}
)


def analyze(
    header: Header, opened: Image, image: Image, names: Sequence[AnalysisName]
) -> "Analysis | None":
    """Return the results by the names of the analyses; None when there are no names.

    `opened` is the image that the header was read from. The other, of the one decode, must be held
    in memory unless only metadata is asked for.
    """
    if not names:
        return None
    values: dict[AnalysisName, object] = {}
    if METADATA in names:
        values[METADATA] = read_metadata(header, opened)
    of_pixels = [name for name in names if name != METADATA]
    if of_pixels:
        values |= _analyze_pixels(image, of_pixels)
    # The type checker cannot match values with names; the parent process validates each.
    return cast("Analysis", values)


def _analyze_pixels(image: Image, names: Sequence[AnalysisName]) -> dict[AnalysisName, object]:
    with translate_encode_errors():
        small = make_thumbnail(image)
        pixels, square = to_pixels(small), to_pixels(stretch_to_square(small))
    return {
        name: OF_SQUARE[name](square) if name in OF_SQUARE else OF_THUMBNAIL[name](pixels)
        for name in names
    }
