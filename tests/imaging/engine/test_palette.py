"""Palettes, and greys of few bits: kept where nothing mixes colours, chosen where asked for."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageDraw

from imagemill.imaging.color.profiles import load_built_in_profile
from imagemill.imaging.engine.encoders import png
from imagemill.imaging.errors import DoesNotFit
from imagemill.imaging.libvips import Image as VipsImage
from imaging.studio import Studio, difference, gradient, noise, open_picture, pixels

GRAY, INDEXED = 0, 3


def page() -> Image.Image:
    """Return lines of text in one bit."""
    drawn = Image.new("1", (400, 300), 1)
    draw = ImageDraw.Draw(drawn)
    for line in range(14):
        draw.text((20, 10 + line * 20), f"{line * 7919 % 9973:04d} " * 12, fill=0)
    return drawn


def chart(colors: int = 16) -> Image.Image:
    """Return circles in a palette."""
    drawn = Image.new("P", (200, 150), 0)
    drawn.putpalette([level for n in range(colors) for level in (n, 255 - n, n * 53 % 256)])
    draw = ImageDraw.Draw(drawn)
    for n in range(300):
        left, top = n * 37 % 180, n * 61 % 130
        draw.ellipse((left, top, left + 20, top + 20), fill=n % colors)
    return drawn


def dithered() -> Image.Image:
    """Return eight colours whose neighbours have nothing in common."""
    return noise(300, 200).point(lambda level: level // 128 * 255)


def made(studio: Studio, file: Path, **output: object) -> bytes:
    return studio.file(studio.render(file, output).outputs[0]).read_bytes()


def kind(data: bytes) -> tuple[int, int]:
    """Return the bits and the colour type of a PNG."""
    return data[24], data[25]


def shown(data: bytes, mode: str = "RGBA") -> np.ndarray:
    return pixels(Image.open(BytesIO(data)), mode)


UNMIXED: list[dict[str, object]] = [
    {},
    {"rotate": 90},
    {"flip": True, "flop": True},
    {"crop": {"left": 10, "top": 10, "width": 90, "height": 60}},
    {"negate": True},
    {"pad": 5},
    {"progressive": True, "format": "png"},
    {"keep_metadata": "all"},
    {"width": 9999},
]


@pytest.mark.parametrize("step", UNMIXED)
def test_one_bit_stays_one_bit(studio: Studio, step: dict[str, object]) -> None:
    file = studio.save(page(), "in.png", optimize=True)
    data = made(studio, file, **step)
    assert kind(data) == (1, GRAY)
    plain = studio.save(page().convert("RGB"), "plain.png")
    assert np.array_equal(shown(data), shown(made(studio, plain, name="plain", **step)))
    assert len(data) < file.stat().st_size * 1.5


@pytest.mark.parametrize("step", UNMIXED)
@pytest.mark.parametrize(("colors", "bits"), [(2, 1), (4, 2), (14, 4), (100, 8)])
def test_a_palette_stays_one(
    studio: Studio, step: dict[str, object], colors: int, bits: int
) -> None:
    file = studio.save(chart(colors), "in.png", optimize=True)
    data = made(studio, file, **step)
    # White around it is one colour more.
    more = {2: 2, 4: 4, 14: 4, 100: 8}[colors] if step == {"pad": 5} else bits
    assert kind(data) == (more, INDEXED)
    plain = studio.save(chart(colors).convert("RGB"), "plain.png")
    assert np.array_equal(shown(data), shown(made(studio, plain, name="plain", **step)))
    # Interlaced rows have less in common with their neighbours.
    assert len(data) < file.stat().st_size * (3 if "progressive" in step else 1.5) + 600


def test_a_palette_with_transparency_stays_one(studio: Studio) -> None:
    file = studio.save(chart(), "in.png", transparency=bytes(range(0, 256, 16)))
    data = made(studio, file)
    assert kind(data) == (4, INDEXED)
    assert np.array_equal(shown(data), shown(file.read_bytes()))


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_few_bits_of_gray_stay_few(studio: Studio, bits: int) -> None:
    levels = np.arange(2**bits, dtype="uint8") * (255 // (2**bits - 1))
    rows = np.tile(levels, (20, 5))
    file = studio.inputs / "in.png"
    image = VipsImage.new_from_memory(rows.tobytes(), rows.shape[1], 20, 1, "uchar")
    (image >> (8 - bits)).copy(interpretation="b-w").pngsave(str(file), bitdepth=bits)
    assert kind(file.read_bytes()) == (bits, GRAY)
    data = made(studio, file)
    assert kind(data) == (bits, GRAY)
    assert np.array_equal(shown(data, "L"), rows)


@pytest.mark.parametrize("source", ["gif", "tiff"])
def test_the_palette_of_another_format_is_kept_in_a_png(studio: Studio, source: str) -> None:
    data = made(studio, studio.save(chart(), f"in.{source}"), format="png")
    assert kind(data) == (4, INDEXED)
    assert np.array_equal(shown(data), shown(studio.inputs.joinpath(f"in.{source}").read_bytes()))


@pytest.mark.parametrize(
    "step",
    [
        {"width": 100},
        {"rotate": 10},
        {"blur": 1},
        {"sharpen": 1},
        {"watermark": {"text": "x"}},
    ],
)
def test_mixed_colors_have_no_palette(studio: Studio, step: dict[str, object]) -> None:
    assert kind(made(studio, studio.save(chart(), "in.png"), **step)) == (8, 2)
    assert kind(made(studio, studio.save(page(), "in.png"), **step)) == (8, GRAY)


def test_a_picture_without_a_palette_gets_none(studio: Studio) -> None:
    file = studio.save(chart().convert("RGB"), "in.png")
    assert kind(made(studio, file)) == (8, 2)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA"])
def test_a_palette_is_chosen_where_it_is_asked_for(studio: Studio, mode: str) -> None:
    picture = gradient(120, 80)
    if mode.endswith("A"):
        picture.putalpha(Image.linear_gradient("L").resize((120, 80)))
    file = studio.save(picture.convert(mode), "in.png")
    data = made(studio, file, palette=True)
    assert kind(data) == (8, INDEXED)
    assert len(np.unique(shown(data).reshape(-1, 4), axis=0)) <= 256
    assert difference(Image.open(BytesIO(data)), picture.convert(mode), "RGBA") < 8


def test_few_colors_are_all_in_a_palette_that_is_asked_for(studio: Studio) -> None:
    picture = chart(100).convert("RGB")
    data = made(studio, studio.save(picture, "in.png"), palette=True)
    assert kind(data) == (8, INDEXED)
    assert np.array_equal(shown(data, "RGB"), pixels(picture))


def test_less_quality_takes_fewer_colors(studio: Studio) -> None:
    file = studio.save(gradient(120, 80), "in.png")
    sizes = [
        (len(data), len(np.unique(shown(data).reshape(-1, 4), axis=0)))
        for quality in (5, 30, 100)
        for data in [made(studio, file, palette=True, quality=quality)]
    ]
    assert sizes == sorted(sizes)
    assert sizes[0][1] < sizes[-1][1]


def test_no_palette_is_written_where_none_is_wanted(studio: Studio) -> None:
    assert kind(made(studio, studio.save(chart(), "in.png"), palette=False)) == (8, 2)
    assert kind(made(studio, studio.save(page(), "in.png"), palette=False)) == (8, GRAY)


def test_a_format_without_a_palette_does_not_fit(studio: Studio) -> None:
    with pytest.raises(DoesNotFit, match="would be jpeg, which has no choice of a palette"):
        studio.render(studio.save(gradient(9, 9), "in.jpg"), {"palette": True})


@pytest.mark.parametrize("palette", [None, True])
def test_metadata_and_profile_come_with_a_palette(studio: Studio, palette: bool | None) -> None:  # noqa: FBT001
    exif = Image.Exif()
    exif[0x013B] = "Jane"
    file = studio.save(chart(), "in.png", exif=exif, dpi=(300, 300))
    picture = Image.open(BytesIO(made(studio, file, palette=palette, keep_metadata="all")))
    profile = ImageCms.ImageCmsProfile(BytesIO(picture.info["icc_profile"])).profile
    assert (picture.mode, profile.xcolor_space.strip()) == ("P", "RGB")
    assert picture.getexif()[0x013B] == "Jane"
    assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.1)


def test_a_wide_palette_keeps_its_space(studio: Studio) -> None:
    file = studio.save(chart(), "in.png", icc_profile=load_built_in_profile("p3"))
    data = made(studio, file, color_space="keep")
    assert kind(data) == (4, INDEXED)
    assert Image.open(BytesIO(data)).info["icc_profile"] == load_built_in_profile("p3")
    # libvips, which refuses a profile for other channels, uses it.
    assert VipsImage.new_from_buffer(data, "").get_typeof("icc-profile-data")


@pytest.mark.parametrize(("colors", "bits"), [(2, 1), (4, 2), (16, 4), (100, 8)])
def test_a_tiff_keeps_its_palette_too(studio: Studio, colors: int, bits: int) -> None:
    picture = Image.open(BytesIO(made(studio, studio.save(chart(colors), "in.tiff"))))
    assert (picture.tag_v2[262], picture.tag_v2[258]) == (3, (bits,))  # type: ignore[attr-defined]
    assert np.array_equal(pixels(picture), pixels(chart(colors)))
    again = studio.inputs / "again.tiff"
    again.write_bytes(studio.outputs.joinpath("image.tiff").read_bytes())
    assert np.array_equal(shown(made(studio, again, format="png"), "RGB"), pixels(chart(colors)))


def test_a_tiff_of_one_bit_stays_one(studio: Studio) -> None:
    picture = Image.open(BytesIO(made(studio, studio.save(page(), "in.tiff"))))
    assert picture.mode == "1"
    assert np.array_equal(pixels(picture), pixels(page()))


def test_a_gif_is_no_larger_than_its_input(studio: Studio) -> None:
    file = studio.save(chart(100), "in.gif")
    data = made(studio, file)
    assert np.array_equal(shown(data), shown(file.read_bytes()))
    assert len(data) < file.stat().st_size * 1.05


@pytest.mark.parametrize(
    ("picture", "filtered"),
    [(gradient(1200, 900), True), (gradient(90, 60), True), (dithered(), False)],
)
def test_filters_are_those_that_make_the_smaller_file(
    studio: Studio,
    monkeypatch: pytest.MonkeyPatch,
    picture: Image.Image,
    filtered: bool,  # noqa: FBT001
) -> None:
    file = studio.save(picture, "in.png")
    chosen = made(studio, file)
    sizes = {}
    for choice in ("all", "none"):
        monkeypatch.setattr(png, "_choose_filter", lambda _, choice=choice: choice)
        sizes[choice] = len(made(studio, file, name=choice))
    assert len(chosen) == min(sizes.values())
    assert (sizes["all"] < sizes["none"]) == filtered


def test_a_picture_too_large_to_be_held_is_filtered(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(png, "MAX_HELD_BYTES", 1000)
    file = studio.save(noise(50, 40), "in.png")
    assert (
        difference(open_picture(studio.file(studio.render(file, {}).outputs[0])), noise(50, 40))
        == 0
    )
