import pytest
from PIL import Image, ImageOps
from PIL.ExifTags import Base

from imaging.studio import Studio, difference, gradient, open_picture

SIDEWAYS = {5, 6, 7, 8}


def tagged(
    studio: Studio, orientation: int, extension: str = "png"
) -> tuple[Image.Image, Image.Image]:
    """Save a picture with the tag, and return it as Pillow opens and as it turns it."""
    exif = Image.Exif()
    exif[Base.Orientation] = orientation
    # Decoders spread colours that are stored for every other pixel in different ways.
    options = {"subsampling": "4:4:4"} if extension == "avif" else {}
    stored = open_picture(studio.save(gradient(60, 40), f"in.{extension}", exif=exif, **options))
    return stored, ImageOps.exif_transpose(stored)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("extension", ["png", "jpg", "webp", "avif", "tiff"])
def test_every_orientation_is_applied_and_dropped(
    studio: Studio, orientation: int, extension: str
) -> None:
    _, upright = tagged(studio, orientation, extension)
    made = studio.make(studio.inputs / f"in.{extension}", format="png")
    assert made.size == upright.size
    # Two decoders of JPEG, WebP and AVIF may round a level apart.
    assert difference(made, upright) < 1
    assert not made.getexif()


@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_the_tag_may_follow_the_pixels_of_a_png(studio: Studio, orientation: int) -> None:
    _, upright = tagged(studio, orientation)
    file = studio.inputs / "in.png"
    before, exif, after = split_at_exif(file.read_bytes())
    file.write_bytes(before + after[:-12] + exif + after[-12:])
    assert difference(studio.make(file, name="turned", format="png"), upright) == 0
    kept = studio.make(file, name="kept", format="jpeg", keep_metadata="all", auto_orient=False)
    assert kept.getexif()[Base.Orientation] == orientation


def test_a_chunk_that_is_cut_after_the_pixels_is_none(studio: Studio) -> None:
    stored, _ = tagged(studio, 6)
    file = studio.inputs / "in.png"
    before, exif, after = split_at_exif(file.read_bytes())
    file.write_bytes(before + after[:-12] + exif[:-8])
    assert studio.make(file, format="png").size == stored.size


def split_at_exif(png: bytes) -> tuple[bytes, bytes, bytes]:
    """Return the chunk of EXIF, and what is before and after it."""
    start = png.index(b"eXIf") - 4
    end = start + 12 + int.from_bytes(png[start : start + 4])
    return png[:start], png[start:end], png[end:]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_size_and_fit_count_in_the_upright_picture(studio: Studio, orientation: int) -> None:
    _, upright = tagged(studio, orientation)
    rendered = studio.render(studio.inputs / "in.png", {"width": 20, "height": 10, "fit": "cover"})
    assert (rendered.input.width, rendered.input.height) == upright.size
    assert (rendered.outputs[0].width, rendered.outputs[0].height) == (20, 10)


# AVIF and TIFF are not among them: all decoders of the one and Pillow's of the other turn at once.
@pytest.mark.parametrize("orientation", range(2, 9))
@pytest.mark.parametrize("extension", ["png", "jpg", "webp"])
def test_without_auto_orient_pixels_stay_and_the_tag_is_kept(
    studio: Studio, orientation: int, extension: str
) -> None:
    stored, upright = tagged(studio, orientation, extension)
    file = studio.inputs / f"in.{extension}"
    rendered = studio.render(file, {"auto_orient": False, "format": "png"})
    made = open_picture(studio.file(rendered.outputs[0]))
    # Two decoders of JPEG and WebP may round a level apart.
    assert difference(made, stored) < 1
    assert made.getexif()[Base.Orientation] == orientation
    assert (rendered.input.width, rendered.input.height) == upright.size


def test_one_picture_may_leave_both_turned_and_as_it_lay(studio: Studio) -> None:
    stored, upright = tagged(studio, 6)
    rendered = studio.render(
        studio.inputs / "in.png", {"name": "turned"}, {"name": "lying", "auto_orient": False}
    )
    turned, lying = (open_picture(studio.file(output)) for output in rendered.outputs)
    assert difference(turned, upright) == 0
    assert difference(lying, stored) == 0


@pytest.mark.parametrize("orientation", [0, 9, 4711])
def test_an_orientation_that_does_not_exist_counts_as_upright(
    studio: Studio, orientation: int
) -> None:
    stored, _ = tagged(studio, orientation)
    assert difference(studio.make(studio.inputs / "in.png"), stored) == 0
