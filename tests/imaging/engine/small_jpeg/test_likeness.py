"""What is done without libvips differs from libvips' result by less than can be seen."""

from dataclasses import dataclass
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from imagemill.imaging.engine.render import render_with_libvips
from imagemill.imaging.engine.small_jpeg.render import render_small_jpeg
from imagemill.imaging.file_data import MAX_INLINE_BYTES
from imaging.likeness import color_differences, ssim
from imaging.small_jpegs import encode, orient, run, run_both, samples, scene
from imaging.studio import noise

SAMPLES = samples()
PHOTO = SAMPLES["photo"]


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far two pictures may differ: mean and 99th percentile of CIEDE2000, and SSIM."""

    mean: float
    percentile: float
    ssim: float


# docs/performance.md publishes them. A level that is rounded otherwise may become another step of
# a lossy encoder, most of all in noise, whose every step is large.
SCALED = Bounds(mean=0.35, percentile=1.6, ssim=0.997)
JPEG = Bounds(mean=0.7, percentile=4, ssim=0.985)
JPEG_OF_NOISE = Bounds(mean=2.5, percentile=8.5, ssim=0.99)

# How much more an encoder's file may differ from the scaled picture than libvips' way does.
MAX_LOSS_RATIO = 1.05

LOSSLESS = {"format": "webp", "lossless": True, "effort": 0}

OUTPUTS: dict[str, dict[str, object]] = {
    "half": {"width": 101},
    "small": {"width": 45, "height": 35},
    "cover": {"width": 70, "height": 70, "fit": "cover"},
    "cover at a corner": {
        "width": 90, "height": 40, "fit": "cover", "position": "right bottom",
    },
    "cover at a focus": {
        "width": 40, "height": 90, "fit": "cover", "position": {"x": 0.3, "y": 0.6},
    },
    "contain": {
        "width": 100, "height": 100, "fit": "contain", "position": "left top",
        "background": "#4080c1",
    },
    "outside": {"width": 70, "height": 70, "fit": "outside"},
    "fill": {"width": 90, "height": 90, "fit": "fill"},
    "crop": {"crop": {"left": 11, "top": 23, "width": 77, "height": 65}},
    "crop and scale": {"crop": {"left": 3, "top": 5, "width": 91, "height": 81}, "width": 40},
    "turned": {"rotate": 90, "width": 100},
    "turned back and mirrored": {"rotate": -90, "flip": True, "height": 100},
    "upside down": {"rotate": 180, "flop": True, "width": 90},
    "padded": {"width": 64, "pad": {"top": 1, "right": 2, "bottom": 3, "left": 4}},
    "whole": {},
}  # fmt: skip


def make_both(data: bytes, **output: object) -> tuple[Image.Image, Image.Image]:
    general, small = run_both(data, **output)
    return Image.open(BytesIO(general)), Image.open(BytesIO(small))


def check_likeness(data: bytes, bounds: Bounds, **output: object) -> None:
    one, other = make_both(data, **output)
    assert (one.size, one.format, one.mode) == (other.size, other.format, other.mode)
    assert one.info.keys() == other.info.keys()
    differences = color_differences(one, other)
    assert differences.mean() <= bounds.mean
    assert np.percentile(differences, 99) <= bounds.percentile
    assert ssim(one, other) >= bounds.ssim


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("output", ["half", "cover"])
def test_every_kind_of_file_is_scaled_alike(sample: str, output: str) -> None:
    check_likeness(SAMPLES[sample], SCALED, **OUTPUTS[output], **LOSSLESS)


@pytest.mark.parametrize("output", OUTPUTS)
def test_every_output_is_scaled_alike(output: str) -> None:
    check_likeness(SAMPLES["photo"], SCALED, **OUTPUTS[output], **LOSSLESS)


@pytest.mark.parametrize("encoder", [{}, {"quality": 95}, {"format": "jpeg", "progressive": True}])
@pytest.mark.parametrize("sample", ["photo", "grey", "text", "noise", "gradient", "large"])
def test_jpegs_are_alike(sample: str, encoder: dict[str, object]) -> None:
    bounds = JPEG_OF_NOISE if sample == "noise" else JPEG
    check_likeness(SAMPLES[sample], bounds, width=100, **encoder)


@pytest.mark.parametrize("format_", ["jpeg", "webp", "avif"])
@pytest.mark.parametrize("sample", ["photo", "grey", "text", "noise", "large"])
def test_no_more_is_lost_by_encoding(sample: str, format_: str) -> None:
    scaled, _ = make_both(SAMPLES[sample], width=100, **LOSSLESS)
    general, small = make_both(SAMPLES[sample], width=100, format=format_)
    allowed = MAX_LOSS_RATIO * color_differences(scaled, general).mean()
    assert color_differences(scaled, small).mean() <= allowed


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("rotate", [0, 90])
@pytest.mark.parametrize(
    "output", [{"width": 50}, {"crop": {"left": 20, "top": 9, "width": 61, "height": 43}}]
)
def test_every_orientation_is_turned_alike(
    orientation: int, rotate: int, output: dict[str, object]
) -> None:
    data = encode(scene(123, 91), exif=orient(orientation))
    check_likeness(data, SCALED, rotate=rotate, **output, **LOSSLESS)


@pytest.mark.parametrize("shrink", [2, 4, 8])
def test_a_picture_that_its_decoder_scales_is_rendered_alike(shrink: int) -> None:
    check_likeness(SAMPLES["large"], SCALED, width=411 // (2 * shrink), **LOSSLESS)


@pytest.mark.parametrize("quality", [1, 50, 89, 90, 100])
@pytest.mark.parametrize("sample", ["photo", "grey", "4:4:4", "odd"])
def test_a_picture_that_is_not_scaled_is_the_same_file(sample: str, quality: int) -> None:
    general, small = run_both(SAMPLES[sample], quality=quality)
    assert small == general


@pytest.mark.parametrize("format_", ["png", "webp", "gif", "tiff"])
@pytest.mark.parametrize("sample", ["resolution", "grey"])
def test_other_formats_are_the_same_files(sample: str, format_: str) -> None:
    general, small = run_both(SAMPLES[sample], format=format_)
    assert small == general


def test_outputs_of_one_job_are_alike() -> None:
    outputs = ({"name": "a", "width": 90}, {"name": "b", "width": 40, **LOSSLESS})
    general, small = (
        run(render_with_libvips, PHOTO, *outputs),
        run(render_small_jpeg, PHOTO, *outputs),
    )
    assert general is not None
    assert small is not None
    sizes = [[Image.open(BytesIO(file)).size for file in files] for files in (general, small)]
    assert sizes == [[(90, 67), (40, 30)]] * 2


def test_an_orientation_that_is_kept_is_left_to_libvips() -> None:
    output: dict[str, object] = {"width": 50, "auto_orient": False}
    assert run(render_small_jpeg, encode(scene(90, 60), exif=orient(6)), output) is None
    assert run(render_small_jpeg, encode(scene(90, 60), exif=orient(1)), output) is not None


def test_a_large_output_is_in_its_file() -> None:
    general, small = run_both(encode(noise(400, 300)), quality=100)
    assert len(small) > MAX_INLINE_BYTES
    assert small == general
