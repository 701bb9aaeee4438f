import json

import pytest
from pydantic import ValidationError

from imagemill.imaging.spec.hex_color import parse_color
from imagemill.imaging.spec.pipeline import Output, Pipeline


def blamed(pipeline: object) -> list[tuple[int | str, ...]]:
    with pytest.raises(ValidationError) as caught:
        Pipeline.model_validate(pipeline)
    return [error["loc"] for error in caught.value.errors()]


def blamed_field(**output: object) -> list[str]:
    locations = blamed({"outputs": [output]})
    assert all(location[:2] == ("outputs", 0) for location in locations)
    return [str(location[2]) for location in locations]


def test_an_empty_output_has_the_documented_defaults() -> None:
    output = Pipeline.model_validate({"outputs": [{}]}).outputs[0]
    assert output.name == "image"
    assert (output.width, output.height, output.fit) == (None, None, "inside")
    assert (output.enlarge, output.auto_orient, output.format) == (False, True, None)
    assert (output.quality, output.background) == (None, "#ffffff")


def test_json_text_is_read_like_objects() -> None:
    text = '{"outputs": [{"name": "a", "width": 10, "fit": "cover", "height": 5}]}'
    assert Pipeline.model_validate_json(text).outputs[0].height == 5


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "a" * 65),
        ("name", "Image"),
        ("name", "../a"),
        ("name", "a\n"),
        ("width", 0),
        ("width", 16385),
        ("width", True),
        ("width", "320"),
        ("width", 320.5),
        ("height", -1),
        ("enlarge", 1),
        ("auto_orient", "yes"),
        ("fit", "crop"),
        ("rotate", "90"),
        ("rotate", float("inf")),
        ("flip", 1),
        ("flop", "true"),
        ("blur", 0.29),
        ("blur", 101),
        ("blur", True),
        ("sharpen", 0),
        ("sharpen", 10.1),
        ("gamma", 0.99),
        ("gamma", 3.01),
        ("position", "centre"),
        ("position", "top right"),
        ("position", 3),
        ("trim", -1),
        ("trim", 256),
        ("trim", "true"),
        ("pad", -1),
        ("pad", 16385),
        ("pad", 2.5),
        ("pad", True),
        ("pad", "10"),
        ("grayscale", 1),
        ("negate", "yes"),
        ("normalize", 0),
        ("tint", "sepia"),
        ("tint", "#ff800080"),
        ("modulate", 1.5),
        ("format", "bmp"),
        ("format", "JPEG"),
        ("quality", 0),
        ("quality", 101),
        ("lossless", 1),
        ("progressive", "true"),
        ("max_bytes", 0),
        ("max_bytes", 1.5),
        ("effort", -1),
        ("effort", 11),
        ("background", "white"),
        ("background", "#ff"),
        ("background", "#fffff"),
        ("background", "#ffffff\n"),
        ("frames", "last"),
        ("frames", 1),
        ("color_space", "rgb"),
        ("color_space", None),
        ("keep_metadata", "exif"),
        ("keep_metadata", True),
        ("smoothen", 1),
    ],
)
def test_a_wrong_value_is_blamed_on_its_field(field: str, value: object) -> None:
    assert blamed_field(**{field: value}) == [field]


@pytest.mark.parametrize(
    ("field", "part", "value"),
    [
        ("modulate", "brightness", -0.1),
        ("modulate", "saturation", 10.1),
        ("modulate", "hue", "90"),
        ("modulate", "lightness", 1),
        ("position", "x", 1.1),
        ("position", "y", -0.1),
        ("position", "z", 0),
        ("crop", "left", -1),
        ("crop", "top", 0.5),
        ("crop", "width", 0),
        ("crop", "height", 65536),
        ("crop", "right", 1),
        ("pad", "top", -1),
        ("pad", "left", "4"),
        ("pad", "middle", 4),
    ],
)
def test_a_wrong_part_is_blamed_by_its_own_name(field: str, part: str, value: object) -> None:
    assert ("outputs", 0, field, part) in blamed({"outputs": [{field: {part: value}}]})


@pytest.mark.parametrize(
    ("field", "output"),
    [
        ("quality", {"format": "png", "quality": 80}),
        ("quality", {"format": "gif", "quality": 80}),
        ("quality", {"format": "webp", "lossless": True, "quality": 80}),
        ("quality", {"format": "png", "palette": False, "quality": 80}),
        ("palette", {"format": "jpeg", "palette": True}),
        ("palette", {"format": "gif", "palette": True}),
        ("palette", {"format": "tiff", "palette": False}),
        ("palette", {"format": "png", "palette": True, "lossless": True}),
        ("max_bytes", {"format": "png", "palette": True, "max_bytes": 1000}),
        ("max_bytes", {"format": "png", "max_bytes": 1000}),
        ("max_bytes", {"format": "gif", "max_bytes": 1000}),
        ("max_bytes", {"format": "tiff", "max_bytes": 1000}),
        ("max_bytes", {"format": "webp", "lossless": True, "max_bytes": 1000}),
        ("lossless", {"format": "jpeg", "lossless": True}),
        ("lossless", {"format": "gif", "lossless": True}),
        ("lossless", {"lossless": True}),
        ("progressive", {"format": "webp", "progressive": True}),
        ("progressive", {"progressive": True}),
        ("effort", {"format": "jpeg", "effort": 1}),
        ("effort", {"effort": 1}),
        ("quality", {"format": "tiff", "quality": 80}),
        ("fit", {"fit": "cover"}),
        ("enlarge", {"enlarge": True}),
        ("position", {"position": "top"}),
        ("position", {"width": 10, "fit": "fill", "position": "left"}),
        ("position", {"width": 10, "fit": "contain", "position": "entropy"}),
        ("position", {"width": 10, "fit": "contain", "position": "attention"}),
        ("position", {"width": 10, "fit": "contain", "position": {"x": 0, "y": 0}}),
        ("background", {"format": "jpeg", "background": "#ffffff00"}),
        ("frames", {"format": "jpeg", "frames": "all"}),
        ("frames", {"format": "tiff", "frames": "all"}),
        ("color_space", {"format": "gif", "color_space": "p3"}),
    ],
)
def test_a_value_that_can_have_no_effect_is_blamed_on_its_field(
    field: str, output: dict[str, object]
) -> None:
    assert blamed_field(**output) == [field]


@pytest.mark.parametrize(
    "output",
    [
        {"fit": "inside"},
        {"enlarge": False},
        {"fit": "fill", "width": 10},
        {"fit": "cover", "height": 10},
        {"position": "center"},
        {"width": 10, "fit": "contain", "position": "right bottom"},
        {"width": 10, "fit": "cover", "position": {"x": 0, "y": 1}},
        {"quality": 80},
        {"palette": True, "quality": 80},
        {"format": "png", "palette": True, "quality": 80, "effort": 9},
        {"format": "jpeg", "palette": None},
        {"max_bytes": 1},
        {"format": "avif", "max_bytes": 1000, "quality": 70},
        {"lossless": False, "progressive": False, "effort": None},
        {"format": "webp", "lossless": False, "quality": 80, "progressive": False},
        {"format": "png", "lossless": True},
        {"format": "tiff", "lossless": True},
        {"format": "jpeg", "background": "#ffffffff"},
        {"format": "png", "quality": None},
        {"width": None, "height": 3, "fit": "cover"},
        {"frames": "all"},
        {"format": "webp", "frames": "all"},
        {"format": "jpeg", "frames": "first"},
        {"format": "jpeg", "frames": None},
        {"format": "gif", "color_space": "srgb", "keep_metadata": "none"},
        {"format": "gif", "color_space": "keep", "keep_metadata": "all"},
        {"color_space": "p3"},
    ],
)
def test_spelling_out_a_default_is_no_error(output: dict[str, object]) -> None:
    Pipeline.model_validate({"outputs": [output]})


def test_a_wrong_size_is_not_blamed_on_the_fit_as_well() -> None:
    assert blamed_field(width=0, fit="cover") == ["width"]


@pytest.mark.parametrize(
    ("format_", "least", "most"),
    [("png", 1, 9), ("webp", 0, 6), ("avif", 0, 9), ("gif", 1, 10), ("tiff", 1, 9)],
)
def test_effort_has_the_range_of_its_format(format_: str, least: int, most: int) -> None:
    for effort in (least, most):
        Pipeline.model_validate({"outputs": [{"format": format_, "effort": effort}]})
    for effort in (least - 1, most + 1):
        assert blamed_field(format=format_, effort=effort) == ["effort"]


def test_a_wrong_format_is_not_blamed_on_its_options_as_well() -> None:
    wrong = {"format": "bmp", "lossless": True, "effort": 1, "progressive": True}
    assert blamed_field(**wrong) == ["format"]


def test_each_later_output_of_the_same_name_is_blamed() -> None:
    outputs = [{"name": "a"}, {"name": "b"}, {"name": "a"}, {"name": "a"}]
    assert blamed({"outputs": outputs}) == [("outputs", 2, "name"), ("outputs", 3, "name")]


@pytest.mark.parametrize("outputs", [[], [{"name": f"n{n}"} for n in range(17)], {}, "all", None])
def test_outputs_are_one_to_sixteen(outputs: object) -> None:
    assert blamed({"outputs": outputs}) == [("outputs",)]


def test_a_wrong_output_is_blamed_once_and_by_its_number() -> None:
    assert blamed({"outputs": [{}, {"width": 0}]}) == [("outputs", 1, "width")]


def test_an_unknown_field_of_the_pipeline_is_blamed() -> None:
    assert blamed({"outputs": [{}], "analyse": ["palette"]}) == [("analyse",)]


@pytest.mark.parametrize("names", [["palette"], ["palette", "dominant_color"]])
def test_analyses_are_kept_in_their_order(names: list[str]) -> None:
    pipeline = Pipeline.model_validate({"outputs": [{}], "analyze": names})
    assert pipeline.analyze == tuple(names)
    assert pipeline.as_json() == {"outputs": [{"name": "image"}], "analyze": names}
    assert Pipeline.model_validate_json(json.dumps(pipeline.as_json())) == pipeline


def test_an_analysis_that_does_not_exist_is_blamed_by_its_number() -> None:
    assert blamed({"outputs": [{}], "analyze": ["palette", "taste"]}) == [("analyze", 1)]


def test_each_repeated_analysis_is_blamed() -> None:
    names = ["palette", "dominant_color", "palette", "palette"]
    assert blamed({"outputs": [{}], "analyze": names}) == [("analyze", 2), ("analyze", 3)]


@pytest.mark.parametrize("analyze", ["palette", {"palette": True}, None])
def test_analyses_come_as_a_list(analyze: object) -> None:
    assert blamed({"outputs": [{}], "analyze": analyze}) == [("analyze",)]


def test_json_without_analyses_has_no_analyze() -> None:
    assert "analyze" not in Pipeline.model_validate({"outputs": [{}], "analyze": []}).as_json()


def test_json_shows_what_was_given_and_the_name() -> None:
    pipeline = Pipeline.model_validate({"outputs": [{"width": 320, "format": "webp"}]})
    assert pipeline.as_json() == {"outputs": [{"name": "image", "width": 320, "format": "webp"}]}


def test_json_round_trips() -> None:
    given = {"outputs": [{"name": "a", "width": 3, "fit": "contain", "background": "#abc"}, {}]}
    pipeline = Pipeline.model_validate(given)
    assert Pipeline.model_validate(pipeline.as_json()) == pipeline


def test_a_pipeline_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Output().width = 3  # type: ignore[misc]  # mypy sees it too


@pytest.mark.parametrize(
    ("text", "color"),
    [
        ("#f80", (255, 136, 0, 255)),
        ("#FF8800", (255, 136, 0, 255)),
        ("#ff880000", (255, 136, 0, 0)),
    ],
)
def test_colors_are_three_six_or_eight_digits(text: str, color: tuple[int, int, int, int]) -> None:
    assert parse_color(text) == color


@pytest.mark.parametrize("format_", ["png", "webp", "avif", "gif", "tiff"])
def test_only_a_jpeg_keeps_a_gain_map(format_: str) -> None:
    with pytest.raises(ValidationError, match="has no place for a gain map"):
        Output.model_validate({"format": format_, "keep_gain_map": True})
    Output.model_validate({"format": format_, "keep_gain_map": False})
    assert Output.model_validate({"format": "jpeg", "keep_gain_map": True}).keep_gain_map is True
