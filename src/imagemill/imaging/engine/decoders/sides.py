"""The limit of a picture's sides, which is checked before anything is computed from them."""

from imagemill.imaging.errors import TooLarge
from imagemill.imaging.spec.bounds import MAX_INPUT_SIDE


def check_sides(width: int, height: int) -> None:
    """Raise TooLarge when a side has more pixels than is ever allowed."""
    if max(width, height) > MAX_INPUT_SIDE:
        raise TooLarge(
            f"The picture is {width}x{height}; the limit is {MAX_INPUT_SIDE} pixels a side."
        )
