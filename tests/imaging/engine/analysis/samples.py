"""Pictures that anyone can draw again from a formula, with no decoder's rounding in them."""

from imagemill.imaging.engine.analysis.pixels import Pixels


def sample(width: int, height: int, *, is_faint: bool = False) -> Pixels:
    rgba = [
        value % 256
        for y in range(height)
        for x in range(width)
        for value in (
            x * x * 7 + y * 3,
            x * 5 + y * y * 2,
            x * y,
            x * 16 if is_faint and x <= y else 255,
        )
    ]
    return Pixels.of(width, height, bytes(rgba))


def plain(red: int, green: int, blue: int, alpha: int = 255) -> Pixels:
    return Pixels.of(12, 8, bytes([red, green, blue, alpha] * 96))


def hidden(pixels: Pixels, red: int) -> Pixels:
    """Return the picture with invisible columns of a red of one's choice on its right."""
    width = pixels.width * 2

    def widened(channel: bytes, filling: int) -> bytes:
        starts = range(0, len(channel), pixels.width)
        rows = [channel[start : start + pixels.width] for start in starts]
        return b"".join(row + bytes([filling] * pixels.width) for row in rows)

    return Pixels(
        width,
        pixels.height,
        widened(pixels.red, red),
        widened(pixels.green, 0),
        widened(pixels.blue, 0),
        widened(pixels.alpha, 0),
    )
