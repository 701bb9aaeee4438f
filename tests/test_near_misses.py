"""A word that is nearly a known one is told which."""

import pytest

from imagemill.errors import SettingsError
from imagemill.field_errors import InvalidFields
from imagemill.imaging.spec.presets import BUILT_IN
from imagemill.job_request import parse_fields
from imagemill.near_misses import did_you_mean
from imagemill.settings import read_settings


@pytest.mark.parametrize(
    ("field", "value", "pointer", "meant"),
    [
        ("format", "jpg", "/outputs/0/format", "jpeg"),
        ("format", "TIF", "/outputs/0/format", "tiff"),
        ("fit", "contian", "/outputs/0/fit", "contain"),
        ("position", "centre", "/outputs/0/position", "center"),
        ("keep-metadata", "all", "/keep-metadata", "keep_metadata"),
        ("widht", "100", "/widht", "width"),
        ("priority", "hihg", "/priority", "high"),
        ("preset", "thumbnial", "/preset", "thumbnail"),
        ("modulate", '{"brightnes": 2}', "/outputs/0/modulate/brightnes", "brightness"),
        ("pipeline", '{"output": []}', "/output", "outputs"),
        ("pipeline", '{"outputs": [{"widht": 1}]}', "/outputs/0/widht", "width"),
        ("pipeline", '{"outputs": [{}], "analyze": ["blurhsh"]}', "/analyze/0", "blurhash"),
        ("watermark", '{"txt": "a"}', "/outputs/0/watermark/txt", "text"),
    ],
)
def test_the_field_or_value_that_was_meant_is_named(
    field: str, value: str, pointer: str, meant: str
) -> None:
    with pytest.raises(InvalidFields) as caught:
        parse_fields([(field, value)], BUILT_IN)
    details = {error.pointer: error.detail for error in caught.value.errors}
    assert details[pointer].endswith(f"; did you mean {meant!r}?")


@pytest.mark.parametrize("word", ["", "heic", "x", "zzzzzz", "j" * 100_000])
def test_what_is_near_to_nothing_is_told_nothing(word: str) -> None:
    assert did_you_mean(word, ["jpeg", "png", "webp"]) == ""


def test_a_setting_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "waring")
    with pytest.raises(SettingsError) as caught:
        read_settings()
    assert str(caught.value).endswith("; did you mean 'warning'?")
