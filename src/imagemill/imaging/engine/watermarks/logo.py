"""Images of the assets folder, opened for a watermark."""

from collections.abc import Callable
from pathlib import Path

from imagemill.errors import Rejected
from imagemill.imaging.color.profiles import to_srgb
from imagemill.imaging.engine.decoders import check_whole, load
from imagemill.imaging.engine.geometry import Size
from imagemill.imaging.engine.header import open_image
from imagemill.imaging.engine.libvips_errors import translate_decode_errors
from imagemill.imaging.engine.scaling import resize_image
from imagemill.imaging.errors import DoesNotFit
from imagemill.imaging.file_data import read_file
from imagemill.imaging.libvips import Image
from imagemill.imaging.spec.assets import find_asset


def open_logo(folder: Path | None, name: str, fit: Callable[[Size], Size]) -> Image:
    """Return the image upright, in sRGB with alpha, scaled by `fit`; an animation's first frame.

    `fit` maps the image's size to the size wanted. Raises DoesNotFit when there is no such image or
    it is damaged.
    """
    file = find_asset(folder, name)
    try:
        image = _open(file)
    except Rejected as error:
        raise DoesNotFit(f"The image {name!r} cannot be drawn. {error}") from error
    image = to_srgb(resize_image(image, fit(Size(image.width, image.height))).copy_memory())
    return image if image.hasalpha() else image.addalpha()


def _open(file: Path) -> Image:
    data = read_file(file)
    header, opened = open_image(data)
    with translate_decode_errors():
        image = opened if header.format.loader else load(data, header.format)
        held = image.copy_memory()
    check_whole(image, header.stored.height, data)
    return held.autorot()
