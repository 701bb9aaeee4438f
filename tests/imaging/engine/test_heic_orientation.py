"""HEIC pictures are turned once: as the file says, whatever EXIF says beside it."""

from collections.abc import Callable

import pytest
from PIL import Image, ImageOps
from PIL.ExifTags import Base

from imaging.studio import Studio, difference, gradient, heic, open_picture

# Where a little number stands for the orientation in EXIF as Pillow writes it.
ORIENTATION = bytes.fromhex("0112 0003 00000001 00")


def twice_oriented(orientation: int) -> bytes:
    """Return a picture of which both EXIF and the file itself say how to turn it."""
    exif = Image.Exif()
    exif[Base.Orientation] = orientation
    return heic(gradient(60, 40), exif=exif.tobytes())


def with_exif_saying(orientation: int, data: bytes) -> bytes:
    at = data.index(ORIENTATION) + len(ORIENTATION)
    return data[:at] + bytes([orientation]) + data[at + 1 :]


def once_oriented(orientation: int) -> bytes:
    """Return a picture that asks for the turn by itself, while EXIF knows of none."""
    return with_exif_saying(1, twice_oriented(orientation))


@pytest.mark.parametrize("asked", [{}, {"auto_orient": False}])
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("oriented", [twice_oriented, once_oriented])
def test_a_turn_that_the_file_asks_for_is_made_once(
    studio: Studio, oriented: Callable[[int], bytes], orientation: int, asked: dict[str, object]
) -> None:
    picture = gradient(60, 40)
    picture.getexif()[Base.Orientation] = orientation
    upright = ImageOps.exif_transpose(picture)
    rendered = studio.render(
        studio.write(oriented(orientation), "in.heic"), asked | {"format": "png"}
    )
    assert (rendered.input.width, rendered.input.height) == upright.size
    made = open_picture(studio.file(rendered.outputs[0]))
    assert difference(made, upright) < 1
    assert not made.getexif()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_orientation_that_only_exif_has_is_ignored(studio: Studio, orientation: int) -> None:
    file = studio.write(with_exif_saying(orientation, twice_oriented(1)), "in.heic")
    assert difference(studio.make(file, format="png"), gradient(60, 40)) < 1
    assert studio.analyze(file, "metadata", width=10)["metadata"]["orientation"] == 1
