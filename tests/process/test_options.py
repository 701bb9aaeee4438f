"""The options of the command follow the model of an output."""

from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from imagemill.cli import app
from imagemill.imaging.spec.pipeline import Output
from imagemill.process.job_options import Asked


def options() -> list[str]:
    """Return every option of the command, as it is typed."""
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    command = group.commands["process"]
    return [name for each in command.params for name in (*each.opts, *each.secondary_opts)]


def test_every_field_of_an_output_is_an_option_and_none_means_two_things() -> None:
    assert {f"--{field.replace('_', '-')}" for field in Output.model_fields} <= set(options())
    assert len(options()) == len(set(options()))


def test_only_what_is_given_is_asked_for() -> None:
    asked = Asked.by_options(None, None, {"width": "5", "height": None, "flip": False})
    assert asked.fields == {"width": "5", "flip": "false"}


def test_a_pipeline_comes_as_json_or_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "wanted.json"
    file.write_text('{"outputs": []}', encoding="utf-8")
    assert Asked.by_options(None, f"@{file}", {}).fields == {"pipeline": '{"outputs": []}'}
    assert Asked.by_options(None, "{}", {}).fields == {"pipeline": "{}"}


@pytest.mark.parametrize(
    ("fields", "outline"),
    [
        ({}, "the default"),
        ({"preset": "avatar"}, "the avatar"),
        ({"preset": "nobody"}, None),
        ({"width": "5"}, {"outputs": [{"width": "5"}]}),
        ({"pipeline": "[1]"}, [1]),
        ({"pipeline": "{"}, None),
        ({"pipeline": "[" * 100_000}, None),
    ],
)
def test_what_a_server_would_make_of_it_is_foreseen(
    fields: dict[str, str], outline: object
) -> None:
    presets = {"default": "the default", "avatar": "the avatar"}
    assert Asked(fields).outline(presets) == outline


@pytest.mark.parametrize(
    ("fields", "pointer", "told"),
    [
        ({"max_bytes": "0"}, "/outputs/0/max_bytes", "--max-bytes: no"),
        ({"crop": "{}"}, "/outputs/0/crop/left", "--crop left: no"),
        ({"preset": "x"}, "/preset", "--preset: no"),
        ({"pipeline": "{"}, "/pipeline", "--pipeline: no"),
        ({"pipeline": "{}"}, "/outputs/3/crop/left", "--pipeline, /outputs/3/crop/left: no"),
    ],
)
def test_a_fault_is_told_by_its_option(fields: dict[str, str], pointer: str, told: str) -> None:
    assert Asked(fields).fault(pointer, "no") == told
