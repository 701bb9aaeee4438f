"""JPEGs that are whole without their end, and JPEGs whose decoder would have to invent pixels."""

from io import BytesIO
from random import Random

import pytest

from imagemill.imaging.errors import InvalidImage
from imaging.studio import Studio, difference, gradient, noise, open_picture

END = b"\xff\xd9"

# All ways in which the decoder is used: to its last row, shrunk while it decodes, held in memory
# before the steps, and held by the encoder, which looks at the pixels before it writes them.
OUTPUTS: list[dict[str, object]] = [
    {},
    {"width": 20},
    {"width": 60, "height": 9, "fit": "cover"},
    {"format": "png"},
    {"format": "png", "palette": True, "width": 20},
    {"format": "webp", "max_bytes": 300, "width": 30},
]


def encode(kind: str, **options: object) -> bytes:
    # Noise takes many bits a block, so that zeros last to the bottom; the gradient takes few.
    picture = noise(128, 128) if kind == "noise" else gradient(256, 256)
    file = BytesIO()
    picture.save(file, "JPEG", quality=95, **options)
    return file.getvalue()


KINDS: dict[str, dict[str, object]] = {
    "sequential": {},
    "progressive": {"progressive": True},
    "restarting": {"restart_marker_blocks": 4},
}
WHOLE = {
    f"{name} {kind}": encode(kind, **options)
    for kind in ("noise", "gradient")
    for name, options in KINDS.items()
}


def scan_start(data: bytes) -> int:
    return data.index(b"\xff\xda") + 14


def zero_the_tail(data: bytes) -> bytes:
    cut = scan_start(data) + len(data) * 2 // 3
    return data[:cut] + bytes(len(data) - 2 - cut) + END


def zero_the_middle(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes(400) + data[middle + 400 :]


def randomize(data: bytes) -> bytes:
    random, middle = Random(1), len(data) // 2
    return data[:middle] + random.randbytes(400) + data[middle + 400 :]


def make(studio: Studio, data: bytes, output: dict[str, object]) -> None:
    file = studio.inputs / "in"
    file.write_bytes(data)
    studio.render(file, output)


# Zeros after a progressive file could belong to its last scan.
ENDLESS = [
    (name, after)
    for name in WHOLE
    for after in (b"", bytes(50), bytes(5000))
    if not after or "progressive" not in name
]


@pytest.mark.parametrize(("name", "after"), ENDLESS)
def test_a_picture_is_whole_without_its_end(studio: Studio, name: str, after: bytes) -> None:
    data = WHOLE[name]
    file, cut = studio.inputs / "whole", studio.inputs / "cut"
    file.write_bytes(data)
    cut.write_bytes(data.removesuffix(END) + after)
    wanted = studio.make(file, name="whole", format="png")
    assert difference(studio.make(cut, name="cut", format="png"), wanted) == 0


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("after", [b"junk" * 200, bytes(9000), WHOLE["sequential noise"]])
def test_what_follows_the_end_is_no_part(studio: Studio, name: str, after: bytes) -> None:
    for output in OUTPUTS:
        make(studio, WHOLE[name] + after, output)


@pytest.mark.parametrize("name", ["progressive noise", "progressive gradient"])
def test_a_comment_between_scans_is_not_the_end(studio: Studio, name: str) -> None:
    data, scan = WHOLE[name], b"\xff\xda"
    second = data.index(scan, data.index(scan) + len(scan))
    comment = b"\xff\xfe" + (2 + len(END)).to_bytes(2) + END
    commented = studio.write(data[:second] + comment + data[second:], "commented")
    for output in ({}, {"negate": True}):  # the second is done by libvips alone
        wanted = studio.make(studio.write(data, "whole"), name="whole", format="png", **output)
        made = studio.make(commented, name="commented", format="png", **output)
        assert difference(made, wanted) == 0


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("filling", [b"\0\0\0", b"\xff\xff\xff"])
def test_a_few_bytes_before_the_end_are_no_damage(
    studio: Studio, name: str, filling: bytes
) -> None:
    data = WHOLE[name].removesuffix(END) + filling + END
    for output in OUTPUTS:
        make(studio, data, output)


DAMAGES = {
    "cut": lambda data: data[:-3],
    "cut with an end": lambda data: data[:-3] + END,
    "half": lambda data: data[: len(data) // 2],
    "half, filled with zeros": lambda data: data[: len(data) // 2].ljust(len(data), b"\0"),
    "half, filled with ones": lambda data: data[: len(data) // 2].ljust(len(data), b"\xff"),
    "a tail of zeros": zero_the_tail,
    "zeros in the middle": zero_the_middle,
    "other bytes in the middle": randomize,
}


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_picture_with_invented_pixels_is_invalid(studio: Studio, name: str, damage: str) -> None:
    data = DAMAGES[damage](WHOLE[name])
    for output in OUTPUTS:
        with pytest.raises(InvalidImage, match="cannot be decoded"):
            make(studio, data, output)


@pytest.mark.parametrize("kind", ["noise", "gradient"])
def test_a_missed_restart_is_damage(studio: Studio, kind: str) -> None:
    data = WHOLE[f"restarting {kind}"]
    third, fourth = data.index(b"\xff\xd2"), data.index(b"\xff\xd3")
    for output in OUTPUTS:
        with pytest.raises(InvalidImage, match="cannot be decoded"):
            make(studio, data[:third] + data[fourth:], output)


@pytest.mark.parametrize("rows", range(121, 144))
def test_rows_that_a_shrink_leaves_out_are_no_damage(studio: Studio, rows: int) -> None:
    # libvips rounds the height of a shrunk JPEG down, and does not decode what is below.
    file = studio.save(noise(400, rows), "in.jpg", quality=95, subsampling=1)
    outputs: list[dict[str, object]] = [
        {"width": 5, "format": "png"},
        {"width": 60, "format": "png"},
        {"width": 30, "height": 4, "fit": "cover"},
    ]
    for output in outputs:
        studio.render(file, output)


@pytest.mark.parametrize("size", [(1, 1), (7, 9), (17, 33), (301, 11), (11, 301)])
@pytest.mark.parametrize("subsampling", [0, 2])
def test_sizes_that_are_no_multiple_of_a_block_are_whole(
    studio: Studio, size: tuple[int, int], subsampling: int
) -> None:
    file = studio.save(noise(*size), "in.jpg", quality=95, subsampling=subsampling)
    file.write_bytes(file.read_bytes().removesuffix(END))
    outputs: list[dict[str, object]] = [{}, {"width": 1}, {"rotate": 90}, {"height": 3}]
    for output in outputs:
        rendered = studio.render(file, output)
        assert open_picture(studio.file(rendered.outputs[0])).format == "JPEG"
