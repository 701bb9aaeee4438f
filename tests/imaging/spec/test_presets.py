from pathlib import Path

import pytest

from imagemill.imaging.spec.pipeline import Output, Pipeline
from imagemill.imaging.spec.presets import PresetsError, load_presets


def test_default_and_thumbnail_are_built_in() -> None:
    presets = load_presets(None)
    assert presets["default"].as_json()["outputs"] == [
        {"name": "image", "width": 2048, "height": 2048, "format": "webp"}
    ]
    assert presets["thumbnail"].as_json()["outputs"] == [
        {"name": "image", "width": 320, "height": 320, "fit": "cover", "format": "webp"}
    ]


def test_a_file_adds_presets_and_may_replace_built_in_ones(tmp_path: Path) -> None:
    file = tmp_path / "presets.toml"
    file.write_text(
        "[avatar]\noutputs = [{ width = 128 }]\n[default]\noutputs = [{ width = 64 }]\n"
    )
    presets = load_presets(file)
    assert set(presets) == {"default", "thumbnail", "avatar"}
    assert presets["default"] == Pipeline.of(Output(width=64))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[avatar]\noutputs = [{ width = 0 }]",
            "preset 'avatar' in FILE is wrong at outputs/0/width",
        ),
        (
            "[a]\noutputs = [{ watermark = { image = 'none.png' } }]",
            "preset 'a' in FILE is wrong at outputs/0/watermark/image: There is no image",
        ),
        ("[avatar]\nwidth = 3", "preset 'avatar' in FILE is wrong at outputs"),
        ("avatar = 3", "preset 'avatar' in FILE is wrong at the table"),
        ("[avatar", "the presets file FILE cannot be read"),
    ],
)
def test_a_wrong_file_is_reported_with_file_and_preset(
    tmp_path: Path, text: str, message: str
) -> None:
    file = tmp_path / "presets.toml"
    file.write_text(text)
    with pytest.raises(PresetsError) as caught:
        load_presets(file, tmp_path)
    assert str(caught.value).startswith(message.replace("FILE", str(file)))
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(PresetsError, match="cannot be read"):
        load_presets(tmp_path / "none.toml")
