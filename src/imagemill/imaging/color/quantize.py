"""Choice of up to 256 colours for a picture of more, dithered: a part of libvips' PNG encoder."""

from typing import Final

from imagemill.imaging.libvips import Image

# libvips' scale: with less, fewer colours are enough.
HIGHEST_QUALITY: Final = 100


def quantize(image: Image, quality: int | None) -> Image:
    """Return the picture, of 8 bits a channel, in the colours chosen for a quality of 1 to 100."""
    data = image.pngsave_buffer(
        palette=True, Q=quality or HIGHEST_QUALITY, compression=1, filter="none", keep="none"
    )
    return Image.pngload_buffer(data).copy_memory()
