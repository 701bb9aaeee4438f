"""A picture on its way through the steps."""

from dataclasses import dataclass
from pathlib import Path

from imagemill.imaging.geometry import Size
from imagemill.imaging.libvips import Image


@dataclass(frozen=True, slots=True)
class Picture:
    """Pixels, and the size they stand for.

    The image may have been decoded smaller than `size`, which steps reckon in. One that `is_held`
    lies in memory; else its file is read once the pixels are asked for, and only once. `box` is
    what the picture is to fill once it is scaled. `assets` is the folder of images that may be laid
    on it.
    """

    image: Image
    size: Size
    is_held: bool
    box: Size | None = None
    assets: Path | None = None
