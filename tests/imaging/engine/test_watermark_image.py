"""Which files of the assets folder may be a watermark, and how the others are refused."""

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from imagemill.imaging.errors import DoesNotFit
from imaging.studio import Studio, pixels
from imaging.watermarks import BLACK, bounds, logo, render_marked

WHITE = Image.new("RGB", (60, 40), "white")
TURNED = Image.Exif()
TURNED[0x0112] = 6


@pytest.mark.parametrize(
    ("mark", "name", "options"),
    [
        (WHITE, "logo.jpg", {}),
        (WHITE.convert("L"), "logo.jpg", {}),
        (WHITE.convert("CMYK"), "logo.jpg", {}),
        (WHITE.convert("P"), "logo.png", {}),
        (WHITE.convert("LA"), "logo.png", {}),
        (Image.new("I;16", (60, 40), 65535), "logo.png", {}),
        (WHITE.convert("RGBA"), "logo.webp", {"lossless": True}),
        (WHITE, "logo.gif", {}),
        (WHITE, "logo.tiff", {}),
        (WHITE, "logo.avif", {}),
        (WHITE.transpose(Image.Transpose.ROTATE_90), "turned.jpg", {"exif": TURNED}),
        (WHITE, "名 logo", {"format": "PNG"}),
    ],
)
def test_every_kind_of_picture_may_be_a_mark(
    studio: Studio, assets: Path, mark: Image.Image, name: str, options: dict[str, Any]
) -> None:
    mark.save(assets / name, **options)
    made = render_marked(
        studio, BLACK, assets, image=name, opacity=1, margin=0, position="left top"
    )
    assert bounds(made, BLACK) == (0, 0, 200, 133)
    assert pixels(made)[60, 100].min() > 240


def test_an_image_needs_a_folder_of_assets(studio: Studio) -> None:
    with pytest.raises(DoesNotFit, match=r"no folder of images is set \(ASSETS_DIR\)"):
        render_marked(studio, BLACK, image="logo.png")


def test_a_missing_image_is_reported_by_name_and_not_by_path(studio: Studio, assets: Path) -> None:
    with pytest.raises(DoesNotFit, match=r"no image 'logo\.png' in the folder of images") as caught:
        render_marked(studio, BLACK, assets, image="logo.png")
    assert "/" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"<svg/>", b"\x89PNG\r\n\x1a\n" + bytes(40)])
def test_a_file_that_is_no_picture_is_not_the_pictures_fault(
    studio: Studio, assets: Path, content: bytes
) -> None:
    (assets / "logo.png").write_bytes(content)
    with pytest.raises(
        DoesNotFit,
        match=r"The image 'logo\.png' (is in none of the supported formats|cannot be drawn)",
    ):
        render_marked(studio, BLACK, assets, image="logo.png")


def test_a_truncated_image_is_not_the_pictures_fault(studio: Studio, assets: Path) -> None:
    logo(50, 50).save(assets / "whole.png")
    (assets / "logo.png").write_bytes((assets / "whole.png").read_bytes()[:-3000])
    with pytest.raises(DoesNotFit, match=r"The image 'logo\.png' cannot be drawn"):
        render_marked(studio, BLACK, assets, image="logo.png")


def test_a_link_may_not_lead_out_of_the_folder(studio: Studio, assets: Path) -> None:
    logo(20, 10).save(assets.parent / "secret.png")
    (assets / "out.png").symlink_to(assets.parent / "secret.png")
    (assets / "loop.png").symlink_to("loop.png")
    (assets / "folder").mkdir()
    for name in ("out.png", "loop.png", "folder", "x" * 255):
        with pytest.raises(DoesNotFit, match="There is no image"):
            render_marked(studio, BLACK, assets, image=name)


def test_a_link_may_lead_to_a_place_in_the_folder(studio: Studio, assets: Path) -> None:
    (assets / "..data").mkdir()
    logo(20, 10).save(assets / "..data" / "logo.png")
    (assets / "logo.png").symlink_to(Path("..data", "logo.png"))
    assert render_marked(studio, BLACK, assets, image="logo.png").size == BLACK.size
