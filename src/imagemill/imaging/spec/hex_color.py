"""Colours as a pipeline writes them: `#rgb`, `#rrggbb` or `#rrggbbaa`. Pure."""

from typing import Final

OPAQUE: Final = 255


def parse_color(text: str) -> tuple[int, int, int, int]:
    """Return red, green, blue and alpha, 0 to 255 each."""
    digits = text.removeprefix("#")
    if len(digits) == len("rgb"):
        digits = "".join(digit * 2 for digit in digits)
    red, green, blue, alpha = bytes.fromhex(digits.ljust(len("rrggbbaa"), "f"))
    return red, green, blue, alpha
