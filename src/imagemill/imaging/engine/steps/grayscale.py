"""Step `grayscale`: removes chroma and leaves lightness as it is, in sRGB in one channel.

By lightness and not by libvips' "b-w", whose rounded weights make pure blue a good deal lighter.
"""

from imagemill.imaging.color.lightness import set_chroma
from imagemill.imaging.color.profiles import take_gray
from imagemill.imaging.engine.picture import Picture
from imagemill.imaging.spec.plain import Output


def apply(picture: Picture, output: Output) -> Picture:
    if not output.grayscale:
        return picture
    grays = picture.map_frames(lambda image: set_chroma(image, 0, 0))
    return grays.map_frames(take_gray) if output.color_space == "srgb" else grays
