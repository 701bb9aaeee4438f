"""Which picture of a HEIC file is taken, and what else may lie in the file."""

import struct
from io import BytesIO

import pillow_heif
import pytest

from imagemill.imaging.errors import InvalidImage, UnsupportedFormat
from imaging.studio import Studio, difference, gradient, heic


def test_the_primary_picture_is_taken(studio: Studio) -> None:
    assert studio.render(studio.write(several(), "in.heic"), {}).input.width == 32


def several() -> bytes:
    """Return three pictures, of which the second is the primary one."""
    file, images = BytesIO(), pillow_heif.from_pillow(gradient(60, 40))
    images.add_from_pillow(gradient(32, 24))
    images.add_from_pillow(gradient(16, 16))
    images.save(file, primary_index=1)
    return file.getvalue()


def test_no_other_picture_stands_in_for_a_damaged_primary_one(studio: Studio) -> None:
    data = several()
    codec = data.index(b"hvcC", data.index(b"hvcC") + 1)
    with pytest.raises(InvalidImage):
        studio.render(studio.write(data[:codec] + b"free" + data[codec + 4 :], "in.heic"), {})


def test_a_picture_in_tiles_is_put_together(studio: Studio) -> None:
    file = studio.save(gradient(200, 150), "in.heic", tile_size=64)
    assert difference(studio.make(file, format="png"), gradient(200, 150)) < 1


@pytest.mark.parametrize("tail", [b"\0" * 4, b"SEFT", b"\xff" * 40])
def test_what_a_camera_left_behind_the_picture_is_no_harm(studio: Studio, tail: bytes) -> None:
    assert (
        studio.render(studio.write(heic(gradient(60, 40)) + tail, "in.heic"), {}).input.width == 60
    )


def test_a_box_may_have_a_long_length_or_reach_to_the_end(studio: Studio) -> None:
    data = heic(gradient(60, 40))
    at = data.index(b"mdat") - 4
    open_ended = data[:at] + bytes(4) + data[at + 4 :]
    assert studio.render(studio.write(open_ended, "in.heic"), {}).input.width == 60
    padding = struct.pack(">I4sQ", 1, b"free", 16 + 9) + bytes(9)
    assert studio.render(studio.write(data + padding, "in.heic"), {}).input.width == 60
    with pytest.raises(InvalidImage, match="the file is truncated"):
        studio.render(studio.write(data + struct.pack(">I4sQ", 1, b"mdat", 99), "in.heic"), {})


def test_an_image_sequence_is_not_supported(studio: Studio) -> None:
    box = struct.pack(">I4s", 116, b"moov") + struct.pack(">I4s", 108, b"mvhd") + bytes(100)
    with pytest.raises(UnsupportedFormat, match="image sequence"):
        studio.render(studio.write(b"\0\0\0\x18ftyphevc\0\0\0\0msf1hevc" + box, "in.heic"), {})


def test_the_still_picture_beside_a_sequence_is_decoded(studio: Studio) -> None:
    data = heic(gradient(60, 40))
    assert (
        studio.render(
            studio.write(data.replace(b"ftypheic", b"ftyphevc", 1), "in.heic"), {}
        ).input.width
        == 60
    )
