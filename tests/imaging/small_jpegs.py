"""Small JPEGs of all kinds that are done without libvips, and both ways of doing them."""

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from io import BytesIO
from tempfile import TemporaryFile

import numpy as np
from PIL import Image, ImageDraw

from imagemill.imaging.engine.render import render_with_libvips
from imagemill.imaging.engine.small_jpeg.render import render_small_jpeg
from imagemill.imaging.file_data import Data
from imagemill.imaging.limits import Limits
from imagemill.imaging.result import Written
from imagemill.imaging.spec.pipeline import Pipeline as ValidatedPipeline
from imagemill.imaging.spec.plain import Pipeline, parse
from imaging.studio import LIMITS, gradient, noise, srgb_profile

Way = Callable[[Data, Sequence[int], Pipeline, Limits], Written | None]


def run(way: Way, data: bytes, *outputs: dict[str, object]) -> list[bytes] | None:
    """Return the outputs' files, None when this way does not apply."""
    pipeline = parse(ValidatedPipeline.model_validate({"outputs": outputs}).model_dump_json())
    with ExitStack() as opened:
        files = [opened.enter_context(TemporaryFile()).fileno() for _ in outputs]
        written = way(data, files, pipeline, LIMITS)
        if written is None:
            return None
        return [
            os.pread(file, output.bytes, 0) if output.content is None else output.content
            for output, file in zip(written.outputs, files, strict=True)
        ]


def run_both(data: bytes, **output: object) -> tuple[bytes, bytes]:
    """Return the file that libvips makes, and that of the other way."""
    general, small = run(render_with_libvips, data, output), run(render_small_jpeg, data, output)
    assert general is not None
    assert small is not None
    return general[0], small[0]


def encode(picture: Image.Image, **options: object) -> bytes:
    file = BytesIO()
    picture.save(file, "JPEG", **{"quality": 85, **options})
    return file.getvalue()


def orient(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def scene(width: int, height: int) -> Image.Image:
    """Return what a photo has: smooth areas, edges in every direction, fine structure, grain."""
    picture = gradient(width, height)
    draw = ImageDraw.Draw(picture)
    draw.ellipse((width * 0.1, height * 0.2, width * 0.5, height * 0.9), fill=(200, 60, 40))
    for step in range(0, width, 7):
        draw.line((step, height, width * 0.8, 0), fill=(20, 60 + step % 190, 90), width=1)
    grain = np.random.default_rng(2).normal(0, 4, (height, width, 1))
    return Image.fromarray(np.clip(np.asarray(picture) + grain, 0, 255).astype("uint8"))


def text(width: int, height: int) -> Image.Image:
    """Return black letters on white, as a screenshot has them."""
    picture = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(picture)
    for top in range(2, height, 12):
        draw.text((3, top), "The quick brown fox jumps over the lazy dog 0123456789 " * 3, "black")
    return picture


def samples() -> dict[str, bytes]:
    """Return files by what they are."""
    photo = scene(203, 151)
    return {
        "photo": encode(photo),
        "4:4:4": encode(photo, subsampling=0),
        "4:2:2": encode(photo, subsampling=1),
        "poor": encode(photo, quality=20),
        "progressive": encode(photo, progressive=True),
        "restart markers": encode(photo, restart_marker_rows=1),
        "optimised tables": encode(photo, optimize=True),
        "profile": encode(photo, icc_profile=srgb_profile()),
        "grey": encode(photo.convert("L")),
        "gradient": encode(gradient(200, 150)),
        "text": encode(text(200, 120), quality=90),
        "noise": encode(noise(120, 90)),
        "large": encode(scene(411, 301)),
        "odd": encode(scene(57, 233)),
        "resolution": encode(photo, dpi=(300, 300)),
        "comment": encode(photo, comment=b"by nobody", exif=orient(1)),
    }
