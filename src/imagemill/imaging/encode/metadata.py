"""What of the input's metadata goes into an output: nothing, save an orientation left alone."""

from typing import Final

from imagemill.imaging.libvips import Image
from imagemill.imaging.pipeline import Output

ORIENTATION: Final = "orientation"
PRIVATE: Final = ("exif-", "xmp-", "iptc-", "icc-", "photoshop-", "png-comment")


def kept(image: Image, output: Output) -> tuple[Image, str]:
    """Return the image and libvips' `keep` for its encoder."""
    if output.auto_orient or not image.get_typeof(ORIENTATION):
        return image, "none"
    with_tag = image.copy()
    for name in with_tag.get_fields():
        if name.startswith(PRIVATE):
            with_tag.remove(name)
    return with_tag, "exif"
