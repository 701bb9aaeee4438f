"""Which watermarks a pipeline may ask for."""

import pytest
from pydantic import ValidationError

from imagemill.imaging.spec.pipeline import Output


@pytest.mark.parametrize(
    ("watermark", "field"),
    [
        ({}, None),
        ({"text": "a", "image": "b"}, None),
        ({"text": None}, None),
        ({"text": ""}, "text"),
        ({"text": "a" * 201}, "text"),
        ({"text": " \n"}, "text"),
        ({"text": "a\0"}, "text"),
        ({"text": "a\x1b[31m"}, "text"),
        ({"text": "\ud800"}, "text"),
        ({"text": 3}, "text"),
        ({"image": ""}, "image"),
        ({"image": "."}, "image"),
        ({"image": ".."}, "image"),
        ({"image": ".hidden.png"}, "image"),
        ({"image": "../logo.png"}, "image"),
        ({"image": "/etc/passwd"}, "image"),
        ({"image": "a/b.png"}, "image"),
        ({"image": "a\\b.png"}, "image"),
        ({"image": "logo.png\0.jpg"}, "image"),
        ({"image": "logo.png\n"}, "image"),
        ({"image": "x" * 256}, "image"),
        ({"text": "a", "position": "entropy"}, "position"),
        ({"text": "a", "position": {"x": 0, "y": 0}}, "position"),
        ({"text": "a", "opacity": 1.01}, "opacity"),
        ({"text": "a", "opacity": -0.01}, "opacity"),
        ({"text": "a", "scale": 0}, "scale"),
        ({"text": "a", "scale": 1.01}, "scale"),
        ({"text": "a", "margin": -1}, "margin"),
        ({"text": "a", "margin": 1.5}, "margin"),
        ({"text": "a", "color": "white"}, "color"),
        ({"image": "a", "color": "#000000"}, "color"),
        ({"text": "a", "font": "Comic Sans"}, "font"),
    ],
)
def test_a_watermark_that_cannot_be_is_refused(
    watermark: dict[str, object], field: str | None
) -> None:
    with pytest.raises(ValidationError) as caught:
        Output.model_validate({"watermark": watermark})
    (error,) = caught.value.errors()
    assert error["loc"] == (("watermark", field) if field else ("watermark",))


def test_json_shows_a_watermark_as_it_was_given() -> None:
    watermark = {"text": "<b>&", "scale": 0.5}
    output = Output.model_validate({"watermark": watermark})
    assert output.as_json() == {"name": "image", "watermark": watermark}
