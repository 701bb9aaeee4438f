"""What the parent takes from a child that may have been taken over."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from imagemill.imaging.engine.analysis.analyze import OF_SQUARE, OF_THUMBNAIL
from imagemill.imaging.sandbox.sandbox import Sandbox
from imagemill.imaging.spec.analysis import Analysis
from imagemill.imaging.spec.bounds import METADATA
from imagemill.imaging.spec.pipeline import Pipeline
from imaging.image_processes import render_file
from imaging.studio import ANALYSES, LIMITS, Studio, noise

SHAPE: TypeAdapter[Analysis] = TypeAdapter(Analysis)

FACTS: dict[str, Any] = {
    "format": "png", "width": 1, "height": 1, "frames": 1, "space": "b-w", "bits": 8,
    "has_alpha": True, "orientation": 1, "icc": None, "density": None,
    "exif": {"Make": "Camera", "FNumber": 2.8, "GPSLatitude": [52, 31.5]},
}  # fmt: skip
GOOD: dict[str, Any] = {
    "metadata": FACTS,
    "blurhash": "LIG9B5VnARF;:NH{F##tzCRZkXR|",
    "thumbhash": "nPiFK4Y8YndAuXGLb9zW+kBlmneIiXg=",
    "dominant_color": "#ff6600",
    "palette": ["#ff6600", "#000000"],
    "phash": "821b19270e6f576d",
}


def test_every_analysis_has_a_schema_and_a_function() -> None:
    assert set(ANALYSES) == set(Analysis.__annotations__) == set(GOOD)
    assert set(ANALYSES) == {METADATA, *OF_THUMBNAIL, *OF_SQUARE}
    assert SHAPE.validate_python(GOOD) == GOOD


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "1"])
@pytest.mark.parametrize("size", [(300, 200), (1, 1), (900, 2)])
def test_results_of_the_engine_match_the_schema(
    studio: Studio, mode: str, size: tuple[int, int]
) -> None:
    said = studio.analyze(studio.save(noise(*size).convert(mode), "in.png"), *ANALYSES)
    assert SHAPE.validate_python(said) == said


async def test_every_analysis_comes_through_the_sandbox(studio: Studio) -> None:
    file = studio.save(noise(300, 200, 4), "in.png")
    pipeline = Pipeline.model_validate({"outputs": [{}], "analyze": ANALYSES})
    async with Sandbox.open(1, LIMITS) as sandbox:
        rendered = await render_file(sandbox, file, studio.outputs, pipeline)
    assert rendered.analysis == studio.analyze(file, *ANALYSES)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("blurhash", "LIG9B5VnARF;:NH{F##tzCRZkXR"),
        ("blurhash", "LIG9B5VnARF;:NH{F##tzCRZkXR\x00"),
        ("blurhash", "<b>9B5VnARF;:NH{F##tzCRZkXR|"),
        ("thumbhash", None),
        ("thumbhash", "n" * 1000),
        ("thumbhash", "<script>alert(1)</script>"),
        ("dominant_color", "red"),
        ("dominant_color", "#FF6600"),
        ("dominant_color", "#ff6600\n"),
        ("palette", None),
        ("palette", ["#000000"] * 7),
        ("palette", ["black"]),
        ("phash", "821b19270e6f576"),
        ("phash", 0x821B19270E6F576D),
        ("metadata", {}),
        ("metadata", None),
        ("taste", "sweet"),
    ],
)
def test_a_result_of_another_shape_is_rejected(name: str, value: object) -> None:
    with pytest.raises(ValidationError):
        SHAPE.validate_python({name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("format", "../x"),
        ("width", 0),
        ("width", "1"),
        ("orientation", 9),
        ("space", "s" * 17),
        ("density", float("inf")),
        ("icc", "a\x00"),
        ("icc", "a" * 101),
        ("exif", {"Make": "a\x00"}),
        ("exif", {"Make": "\ud800"}),
        ("exif", {"Make": "a" * 201}),
        ("exif", {"<b>": "a"}),
        ("exif", {"FNumber": float("nan")}),
        ("exif", {"FNumber": 2**70}),
        ("exif", {"FNumber": [1.0] * 17}),
        ("exif", {"FNumber": {"a": 1}}),
        ("exif", {f"F{n}": 1 for n in range(101)}),
        ("more", 1),
    ],
)
def test_metadata_of_another_shape_is_rejected(name: str, value: object) -> None:
    with pytest.raises(ValidationError):
        SHAPE.validate_python({"metadata": FACTS | {name: value}})
