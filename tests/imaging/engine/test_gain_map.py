"""`keep_gain_map`: the map of an HDR photo goes where its picture goes.

The picture is grey, and its map the same picture, a quarter as wide. So wherever the output is
light, its map has to be.
"""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imagemill.imaging.engine.gain_map import open_with_gain_map
from imagemill.imaging.engine.geometry import Size
from imagemill.imaging.engine.timing import Timing
from imagemill.imaging.engine.verify import BadOutput, ExpectedOutput, verify_output
from imagemill.imaging.errors import DoesNotFit, InvalidImage
from imagemill.imaging.formats import JPEG
from imagemill.imaging.libvips import Image as VipsImage
from imagemill.imaging.libvips import clear_warnings
from imagemill.imaging.sandbox.sandbox import Sandbox
from imagemill.imaging.spec.pipeline import Output, Pipeline
from imaging.gain_maps import save_ultra_hdr
from imaging.image_processes import REQUIRED, render_file
from imaging.studio import LIMITS, Studio, difference, noise, pixels
from imaging.tagged import save_png, solid


def scene(width: int, height: int) -> Image.Image:
    """Dark at the top left, with a light disc at the right and no symmetry."""
    y, x = np.mgrid[0:height, 0:width]
    slope = (x / width + 2 * y / height) * 60
    disc = ((x / width - 0.75) ** 2 + (y / height - 0.3) ** 2 < 0.02) * 70
    return Image.fromarray((slope + disc).astype("uint8"))


@pytest.fixture
def photo(studio: Studio) -> Path:
    picture = scene(160, 120)
    return save_ultra_hdr(
        studio.inputs / "in.jpg", picture.convert("RGB"), picture.resize((40, 30))
    )


def read_map(file: Path) -> tuple[Image.Image, VipsImage]:
    """Return the map as libultrahdr finds it, and the picture with its description."""
    opened = open_with_gain_map(file.read_bytes())
    assert opened is not None
    return Image.open(BytesIO(bytes(opened.get("gainmap-data")))), opened


def make(studio: Studio, photo: Path, **asked: object) -> tuple[Image.Image, Image.Image]:
    made = studio.make(photo, keep_gain_map=True, **asked)
    return made, read_map(studio.outputs / "image.jpg")[0]


def is_alike(made: Image.Image, gain: Image.Image) -> bool:
    seen = pixels(made, "L")
    shown = pixels(gain.resize(made.size, Image.Resampling.BICUBIC), "L")
    inside = np.abs(seen - shown)[4:-4, 4:-4]
    return bool(inside.mean() < 6)  # edges of a small map are blurred; turned wrongly, it is 38


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"rotate": 90},
        {"rotate": 180, "flip": True},
        {"flop": True},
        {"crop": {"left": 70, "top": 10, "width": 61, "height": 83}},
        {"width": 80},
        {"width": 50, "height": 90, "fit": "cover", "position": "right"},
        {"width": 90, "height": 50, "fit": "cover", "position": "attention"},
        {"width": 200, "height": 60, "fit": "fill", "enlarge": True},
        {"width": 120, "height": 120, "fit": "contain", "background": "#000000"},
        {"pad": 20, "background": "#000000"},
        {"rotate": 20, "background": "#000000"},
        {"trim": 30},
        {"rotate": 270, "crop": {"left": 20, "top": 30, "width": 80, "height": 100}, "width": 60},
        {"color_space": "p3", "gamma": 2.2, "width": 60},
        {"progressive": True, "format": "jpeg", "keep_metadata": "all"},
    ],
    ids=str,
)
def test_the_map_follows_its_picture(studio: Studio, photo: Path, asked: dict[str, object]) -> None:
    made, gain = make(studio, photo, **asked, quality=95)
    assert is_alike(made, gain)
    assert gain.width == pytest.approx(made.width / 4, abs=1)


def test_a_map_that_is_turned_otherwise_is_not_alike(studio: Studio, photo: Path) -> None:
    made, gain = make(studio, photo)
    assert is_alike(made, gain)
    assert not is_alike(made, gain.transpose(Image.Transpose.FLIP_LEFT_RIGHT))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_map_is_turned_upright_with_its_picture(studio: Studio, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = scene(160, 120)
    file = save_ultra_hdr(
        studio.inputs / "in.jpg", picture.convert("RGB"), picture.resize((40, 30)), exif=exif
    )
    for upright in (True, False):
        made, gain = make(studio, file, auto_orient=upright)
        assert is_alike(made, gain)


def test_what_is_added_gets_no_boost(studio: Studio) -> None:
    picture = scene(160, 120)
    file = save_ultra_hdr(
        studio.inputs / "in.jpg", picture.convert("RGB"), picture.resize((40, 30)), least=-1
    )
    _, gain = make(studio, file, pad=40)
    # log2 of the boost goes from -1 to 2, so that 0 is at a third.
    assert abs(int(pixels(gain, "L")[1, 1]) - 85) <= 2


def test_the_description_is_kept(studio: Studio, photo: Path) -> None:
    make(studio, photo, width=80)
    before, after = read_map(photo)[1], read_map(studio.outputs / "image.jpg")[1]
    for name in before.get_fields():
        if name.startswith("gainmap-") and name not in {"gainmap-data", "gainmap-scale-factor"}:
            assert np.allclose(before.get(name), after.get(name)), name


def test_a_map_in_colors_is_kept(studio: Studio) -> None:
    picture = scene(160, 120).convert("RGB")
    file = save_ultra_hdr(studio.inputs / "in.jpg", picture, picture.resize((40, 30)))
    made, gain = make(studio, file, rotate=90)
    assert gain.mode == "RGB"
    assert is_alike(made, gain)


def test_the_picture_is_that_of_an_output_without_the_map(studio: Studio, photo: Path) -> None:
    made, _ = make(studio, photo, width=80)
    plain = studio.make(photo, name="plain", width=80)
    assert difference(made, plain) < 1
    assert open_with_gain_map((studio.outputs / "plain.jpg").read_bytes()) is None


def test_outputs_with_and_without_the_map_share_one_decode(studio: Studio, photo: Path) -> None:
    studio.render(
        photo,
        {"name": "large", "keep_gain_map": True},
        {"name": "small", "width": 40, "keep_gain_map": True},
        {"name": "plain", "width": 60},
    )
    for name in ("large", "small"):
        file = studio.outputs / f"{name}.jpg"
        assert is_alike(Image.open(BytesIO(file.read_bytes())), read_map(file)[0])
    assert open_with_gain_map((studio.outputs / "plain.jpg").read_bytes()) is None


def test_max_bytes_counts_the_map(studio: Studio, photo: Path) -> None:
    make(studio, photo, max_bytes=4000)
    assert 2500 < (studio.outputs / "image.jpg").stat().st_size <= 4000


def test_xmp_that_is_kept_stands_beside_the_list_of_the_map(studio: Studio) -> None:
    picture = scene(160, 120)
    more = 'xmlns:dc="http://purl.org/dc/elements/1.1/" dc:format="kept"'
    file = save_ultra_hdr(
        studio.inputs / "in.jpg", picture.convert("RGB"), picture.resize((40, 30)), more=more
    )
    made, gain = make(studio, file, keep_metadata="all")
    assert is_alike(made, gain)
    xmp = (studio.outputs / "image.jpg").read_bytes()
    assert xmp.count(b'dc:format="kept"') == 1
    assert xmp.count(b'Item:Semantic="GainMap"') == 1


def test_a_photo_without_a_map_is_a_plain_jpeg(studio: Studio) -> None:
    file = studio.save(scene(160, 120).convert("RGB"), "in.jpg")
    studio.make(file, keep_gain_map=True)
    assert b"hdrgm" not in (studio.outputs / "image.jpg").read_bytes()


def test_another_format_by_default_does_not_fit(studio: Studio) -> None:
    file = save_png(studio.inputs / "in.png", solid(1, 2, 3))
    with pytest.raises(DoesNotFit, match="no place for a gain map"):
        studio.make(file, keep_gain_map=True)


def test_a_damaged_map_is_refused_where_it_is_to_be_kept(studio: Studio, photo: Path) -> None:
    data = photo.read_bytes()
    at = data.rindex(b"\xff\xda")
    photo.write_bytes(data[: at + 12] + bytes(len(data) - at - 14) + data[-2:])
    studio.make(photo)
    with pytest.raises(InvalidImage):
        studio.make(photo, keep_gain_map=True)


def test_a_map_with_zeros_in_its_middle_is_refused_too(studio: Studio) -> None:
    gain = noise(320, 240).convert("L")
    file = save_ultra_hdr(studio.inputs / "in.jpg", scene(640, 480).convert("RGB"), gain)
    data = file.read_bytes()
    at = data.rindex(b"\xff\xda")
    start, length = at + (len(data) - at) // 3, (len(data) - at) // 3
    file.write_bytes(data[:start] + bytes(length) + data[start + length :])
    studio.make(file)
    with pytest.raises(InvalidImage):
        studio.make(file, keep_gain_map=True)


def test_an_output_that_lost_its_map_is_not_completed(studio: Studio, photo: Path) -> None:
    plain = studio.outputs / "plain.jpg"
    studio.make(photo, name="plain")
    clear_warnings()  # of the tests before
    expected = ExpectedOutput("plain", JPEG, Size(160, 120), 1, Timing((), 1), has_gain_map=True)
    with pytest.raises(BadOutput, match="no gain map"):
        verify_output(plain.read_bytes(), expected)


@pytest.mark.asyncio
async def test_a_map_is_read_and_written_in_the_sandbox(studio: Studio, photo: Path) -> None:
    pipeline = Pipeline.of(Output(width=80, keep_gain_map=True))
    async with Sandbox.open(1, LIMITS, REQUIRED) as sandbox:
        await render_file(sandbox, photo, studio.outputs, pipeline)
    file = studio.outputs / "image.jpg"
    assert is_alike(Image.open(BytesIO(file.read_bytes())), read_map(file)[0])
