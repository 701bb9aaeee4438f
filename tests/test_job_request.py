"""The fields of an upload, and what is said of wrong ones."""

import json

import pytest

from imagemill.field_errors import InvalidFields
from imagemill.imaging.spec.presets import BUILT_IN
from imagemill.job_request import parse_fields
from imagemill.jobs.job import Json, Priority


def pipeline_of(*pairs: tuple[str, str]) -> Json:
    return parse_fields(pairs, BUILT_IN).pipeline.as_json()


def pointers_of(*pairs: tuple[str, str]) -> list[str]:
    with pytest.raises(InvalidFields) as caught:
        parse_fields(pairs, BUILT_IN)
    return [error.pointer for error in caught.value.errors]


def test_nothing_asked_for_is_the_default_preset() -> None:
    asked = parse_fields([], BUILT_IN)
    assert asked.pipeline == BUILT_IN["default"]
    assert (asked.priority, asked.metadata) == (Priority.NORMAL, {})


def test_shorthand_is_a_pipeline_of_one_output() -> None:
    assert pipeline_of(
        ("width", "320"), ("fit", "cover"), ("height", "200"), ("enlarge", "true"),
        ("background", "#123"), ("format", "png"),
    ) == {
        "outputs": [
            {
                "name": "image", "width": 320, "height": 200, "fit": "cover", "enlarge": True,
                "background": "#123", "format": "png",
            }
        ]
    }  # fmt: skip


def test_a_callback_url_is_kept_in_its_one_form() -> None:
    asked = parse_fields([("callback_url", "HTTPS://Example.COM:443/Hook#part")], BUILT_IN)
    assert asked.callback_url == "https://example.com/Hook"
    assert parse_fields([], BUILT_IN).callback_url is None


def test_a_name_of_digits_stays_a_name() -> None:
    assert pipeline_of(("name", "123"))["outputs"][0]["name"] == "123"


def test_a_pipeline_comes_as_json() -> None:
    pipeline = {"outputs": [{"name": "a", "width": 5}, {"name": "b"}]}
    assert pipeline_of(("pipeline", json.dumps(pipeline))) == pipeline


@pytest.mark.parametrize(
    ("pairs", "pointers"),
    [
        ([("preset", "nobody")], ["/preset"]),
        ([("width", "null")], ["/outputs/0/width"]),
        ([("preset", "thumbnail"), ("pipeline", "{}")], ["/preset"]),
        ([("preset", "thumbnail"), ("width", "5")], ["/preset"]),
        ([("pipeline", "{}"), ("width", "5")], ["/pipeline"]),
        ([("pipeline", "{")], ["/pipeline"]),
        ([("pipeline", "[" * 40 + "]" * 40)], ["/pipeline"]),
        ([("pipeline", "[" * 60_000)], ["/pipeline"]),
        ([("pipeline", "{}")], ["/outputs"]),
        ([("pipeline", '{"outputs": [{"name": "a"}, {"name": "a"}]}')], ["/outputs/1/name"]),
        ([("pipeline", '{"outputs": [{"wide": 3}]}')], ["/outputs/0/wide"]),
        ([("width", "0")], ["/outputs/0/width"]),
        ([("width", "many")], ["/outputs/0/width"]),
        ([("width", "1.5")], ["/outputs/0/width"]),
        ([("width", "0"), ("height", "99999")], ["/outputs/0/width", "/outputs/0/height"]),
        ([("format", "jpeg"), ("lossless", "true")], ["/outputs/0/lossless"]),
        ([("effort", "7"), ("format", "webp")], ["/outputs/0/effort"]),
        ([("format", "jpeg"), ("frames", "all")], ["/outputs/0/frames"]),
        ([("frames", "last")], ["/outputs/0/frames"]),
        ([("format", "png"), ("max_bytes", "9")], ["/outputs/0/max_bytes"]),
        ([("watermark", "mine")], ["/outputs/0/watermark"]),
        ([("watermark", "{}")], ["/outputs/0/watermark"]),
        ([("watermark", '{"text": "a\\u0000"}')], ["/outputs/0/watermark/text"]),
        ([("watermark", '{"text": "\\ud800"}')], ["/outputs/0/watermark/text"]),
        ([("watermark", '{"image": "../a.png"}')], ["/outputs/0/watermark/image"]),
        ([("wide", "5")], ["/wide"]),
        ([("a/b~c", "5")], ["/a~1b~0c"]),
        ([("width", "5"), ("width", "6")], ["/width"]),
        ([("priority", "urgent")], ["/priority"]),
        ([("callback_url", "")], ["/callback_url"]),
        ([("callback_url", "example.com")], ["/callback_url"]),
        ([("callback_url", "http://user@example.com/")], ["/callback_url"]),
        ([("callback_url", "http://example.com:22/")], ["/callback_url"]),
        ([("callback_url", "http://example.com/" + "a" * 2048)], ["/callback_url"]),
        ([("metadata", "[]")], ["/metadata"]),
        ([("metadata", "{")], ["/metadata"]),
        ([("metadata", '{"a": NaN}')], ["/metadata"]),
        ([("metadata", '{"a": 1e999}')], ["/metadata"]),
        ([("metadata", '{"a": "\\u0000"}')], ["/metadata"]),
        ([("metadata", '{"\\u0000": 1}')], ["/metadata"]),
        ([("metadata", '{"a": "\\ud800"}')], ["/metadata"]),
        ([("metadata", json.dumps({"a": "x" * 4096}))], ["/metadata"]),
        ([("metadata", '{"a":' * 33 + "1" + "}" * 33)], ["/metadata"]),
        ([("metadata", '{"a": ' + "1" * 5000 + "}")], ["/metadata"]),
    ],
)
def test_every_field_at_fault_is_named(pairs: list[tuple[str, str]], pointers: list[str]) -> None:
    assert pointers_of(*pairs) == pointers


@pytest.mark.parametrize(
    "text",
    [
        '{"a":' * 32 + "1" + "}" * 32,
        json.dumps({"a": "x" * (4096 - len('{"a":""}'))}),
        '{"text": "ünïcode \\\\u0000 is text here", "n": 12345678901234567890}',
    ],
)
def test_metadata_up_to_its_limits_is_taken_as_it_is(text: str) -> None:
    assert parse_fields([("metadata", text)], BUILT_IN).metadata == json.loads(text)
