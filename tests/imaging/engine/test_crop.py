"""Cutting before scaling, against Pillow's own crop."""

import pytest
from PIL import Image, ImageDraw, ImageOps

from imagemill.imaging.engine.decode_plan import plan_decode
from imagemill.imaging.engine.header import open_image
from imagemill.imaging.errors import DoesNotFit
from imagemill.imaging.spec.pipeline import Output, Pipeline
from imaging.studio import LIMITS, Studio, delta_e, difference, gradient, open_picture

AREA = {"left": 10, "top": 5, "width": 30, "height": 20}


def test_crop_cuts_out_just_the_area(studio: Studio) -> None:
    picture = gradient(60, 40)
    made = studio.make(studio.save(picture, "in.png"), crop=AREA)
    assert difference(made, picture.crop((10, 5, 40, 25))) == 0


def test_crop_counts_in_the_turned_picture(studio: Studio) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = open_picture(studio.save(gradient(60, 40), "in.png", exif=exif))
    made = studio.make(studio.inputs / "in.png", rotate=90, flop=True, crop=AREA)
    upright = ImageOps.exif_transpose(stored).transpose(Image.Transpose.ROTATE_270)
    assert difference(made, ImageOps.mirror(upright).crop((10, 5, 40, 25))) == 0


@pytest.mark.parametrize("extension", ["jpg", "png", "webp"])
@pytest.mark.parametrize("width", [25, 50, 110, 300])
@pytest.mark.parametrize(("left", "top"), [(0, 0), (297, 131), (597, 401)])
def test_an_area_is_scaled_as_if_the_whole_had_been_decoded(
    studio: Studio, extension: str, width: int, left: int, top: int
) -> None:
    picture = gradient(1201, 803)
    ImageDraw.Draw(picture).ellipse((300, 160, 900, 640), fill=(240, 240, 20))
    file = studio.save(picture, f"in.{extension}", quality=95)
    area = {"left": left, "top": top, "width": 601, "height": 401}
    made = studio.make(file, crop=area, width=width, format="png")
    cut = open_picture(file).convert("RGB").crop((left, top, left + 601, top + 401))
    # Up to a sixth of a pixel aside along the edge of the disc.
    assert delta_e(made, cut.resize(made.size, Image.Resampling.LANCZOS)) < 1


def test_the_decode_depends_on_the_area(studio: Studio) -> None:
    header = open_image(studio.save(gradient(1200, 800), "in.jpg").read_bytes())[0]
    area = {"left": 100, "top": 0, "width": 400, "height": 400}
    output = Output.model_validate({"crop": area, "width": 50})
    needed = plan_decode(header, Pipeline.of(output), LIMITS)
    assert needed.hold_in_memory
    assert needed.max_shrink == 2


@pytest.mark.parametrize("left", [41, 100])
def test_an_area_outside_does_not_fit(studio: Studio, left: int) -> None:
    file = studio.save(gradient(100, 80), "in.png")
    area = {"left": left, "top": 0, "width": 60, "height": 40}
    words = f"Output image: crop of 60x40 at {left},0 leaves an image of 100x80"
    with pytest.raises(DoesNotFit, match=words):
        studio.render(file, {"crop": area})
    with pytest.raises(DoesNotFit, match="at 0,0 leaves an image of 100x80"):
        studio.render(file, {"crop": area | {"left": 0, "height": 81}})


def test_an_area_may_reach_to_the_last_pixel(studio: Studio) -> None:
    picture = gradient(100, 80)
    area = {"left": 99, "top": 79, "width": 1, "height": 1}
    made = studio.make(studio.save(picture, "in.png"), crop=area)
    assert made.size == (1, 1)
    assert difference(made, picture.crop((99, 79, 100, 80))) == 0
