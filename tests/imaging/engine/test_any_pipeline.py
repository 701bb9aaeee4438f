"""Whatever is asked of whatever small picture: outputs as promised, or a clear error."""

import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from PIL import Image
from pydantic import ValidationError

from imagemill.imaging.errors import DoesNotFit, TooLarge
from imagemill.imaging.formats import FORMATS
from imagemill.imaging.libvips import Image as VipsImage
from imagemill.imaging.spec.pipeline import Output, Pipeline
from imaging.studio import ANALYSES, Studio, heic, open_picture

# Right for some kinds of pictures and wrong for the others.
PROFILES = [bytes(VipsImage.profile_load(name)) for name in ("p3", "sgrey", "cmyk")]

COLORS = st.sampled_from(["#fff", "#12345678", "#00000000", "#c0ffee"])
FLAG = st.booleans()
SIDE = st.integers(1, 60)

# Values that each field takes by itself; what makes no sense together is left out below.
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "auto_orient": FLAG,
    "rotate": st.sampled_from([0, 90, 180, 270, 45, 7.5, -30, 720]),
    "flip": FLAG,
    "flop": FLAG,
    "crop": st.fixed_dictionaries(
        {
            "left": st.integers(0, 20),
            "top": st.integers(0, 20),
            "width": st.integers(1, 30),
            "height": st.integers(1, 30),
        }
    ),
    "trim": st.sampled_from([True, False, 0, 40]),
    "blur": st.floats(0.3, 20),
    "sharpen": st.floats(0.1, 10),
    "grayscale": FLAG,
    "normalize": FLAG,
    "modulate": st.fixed_dictionaries(
        {}, optional={"brightness": st.floats(0, 3), "hue": st.floats(-400, 400)}
    ),
    "tint": st.sampled_from(["#f00", "#1234ab"]),
    "gamma": st.floats(1, 3),
    "negate": FLAG,
    "palette": FLAG,
    "pad": st.one_of(st.integers(0, 9), st.fixed_dictionaries({"left": st.integers(0, 9)})),
    "watermark": st.fixed_dictionaries(
        {"text": st.text(min_size=1, max_size=200)},
        optional={
            "position": st.sampled_from(["center", "right bottom", "left top"]),
            "opacity": st.floats(0, 1),
            "scale": st.floats(0.01, 1),
            "margin": st.integers(0, 40),
            "color": COLORS,
        },
    ),
    "width": SIDE,
    "height": SIDE,
    "fit": st.sampled_from(["inside", "cover", "contain", "fill", "outside"]),
    "position": st.sampled_from(["center", "left top", "entropy", "attention", {"x": 0, "y": 1}]),
    "enlarge": FLAG,
    "format": st.sampled_from(sorted(FORMATS)),
    "lossless": FLAG,
    "quality": st.integers(1, 100),
    "effort": st.integers(0, 10),
    "max_bytes": st.integers(1, 4000),
    "progressive": FLAG,
    "background": COLORS,
    "frames": st.sampled_from(["all", "first"]),
    "color_space": st.sampled_from(["srgb", "p3", "keep"]),
    "keep_metadata": st.sampled_from(["none", "icc", "copyright", "all"]),
}


@st.composite
def pipelines(draw: st.DrawFn) -> Pipeline:
    outputs = []
    for at in range(draw(st.integers(1, 2))):
        names = draw(st.sets(st.sampled_from(sorted(FIELDS)), max_size=7))
        outputs.append({name: draw(FIELDS[name]) for name in sorted(names)} | {"name": f"o{at}"})
    analyze = draw(st.lists(st.sampled_from(ANALYSES), unique=True, max_size=2))
    try:
        return Pipeline.model_validate({"outputs": outputs, "analyze": analyze})
    except ValidationError:
        assume(condition=False)
        raise


@st.composite
def pictures(draw: st.DrawFn) -> bytes:
    mode = draw(st.sampled_from(["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"]))
    width, height = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    raw = draw(st.binary(min_size=1, max_size=64))
    image = filled(mode, (width, height), raw)
    formats = {
        "CMYK": ["JPEG", "TIFF"],
        "RGB": ["JPEG", "PNG", "WEBP", "GIF", "AVIF", "TIFF", "HEIC"],
        "RGBA": ["PNG", "HEIC"],
        "L": ["PNG", "HEIC"],
    }
    file = BytesIO()
    exif = Image.Exif()
    exif[0x0112] = draw(st.integers(1, 8))
    exif[0x013B] = "Somebody"
    format_ = draw(st.sampled_from(formats.get(mode, ["PNG"])))
    profile = draw(st.sampled_from([None, b"none", *PROFILES]))
    if format_ == "HEIC":
        return heic(image, exif=exif.tobytes())
    metadata = {} if format_ == "GIF" else {"exif": exif, "icc_profile": profile}
    image.save(file, format_, **metadata)
    return file.getvalue()


@st.composite
def animations(draw: st.DrawFn) -> bytes:
    mode = draw(st.sampled_from(["L", "P", "RGB", "RGBA"]))
    size = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    raws = draw(st.lists(st.binary(min_size=1, max_size=64), min_size=2, max_size=4))
    first, *others = (filled(mode, size, raw) for raw in raws)
    format_ = draw(st.sampled_from(["GIF", "WEBP"]))
    delays = draw(st.lists(st.integers(0, 300), min_size=len(raws), max_size=len(raws)))
    file = BytesIO()
    first.save(file, format_, save_all=True, append_images=others, duration=delays, loop=0)
    return file.getvalue()


def filled(mode: str, size: tuple[int, int], raw: bytes) -> Image.Image:
    length = len(Image.new(mode, size).tobytes())
    return Image.frombytes(mode, size, (raw * (length // len(raw) + 1))[:length])


# The same examples every time: what lands must not depend on luck. For a hunt, raise their number
# and let them be random.
@settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.filter_too_much],
)
@given(picture=st.one_of(pictures(), animations()), pipeline=pipelines())
def test_any_valid_pipeline_on_any_small_picture_succeeds_or_reports_an_error(
    picture: bytes, pipeline: Pipeline
) -> None:
    with tempfile.TemporaryDirectory() as name:
        studio = Studio(Path(name), Path(name))
        file = studio.inputs / "input"
        file.write_bytes(picture)
        try:
            rendered = studio.render_pipeline(file, pipeline)
        except (DoesNotFit, TooLarge):  # what only this picture could show
            return
        assert len(rendered.outputs) == len(pipeline.outputs)
        for asked, output in zip(pipeline.outputs, rendered.outputs, strict=True):
            found = open_picture(studio.file(output))
            assert sorted(found.size) == sorted((output.width, output.height))
            assert _is_within(asked, output.width, output.height)
            assert asked.format in {None, str(found.format).lower()}
            assert getattr(found, "n_frames", 1) == output.frames
            assert output.frames <= (1 if asked.frames == "first" else rendered.input.frames)
            found.load()
        assert set(rendered.analysis or {}) == set(pipeline.analyze)


def _is_within(asked: Output, width: int, height: int) -> bool:
    """Return whether the size is no larger than the fits that keep to a box allow."""
    if asked.pad != 0 or asked.fit == "outside" or asked.width is None or asked.height is None:
        return True
    return width <= asked.width and height <= asked.height
