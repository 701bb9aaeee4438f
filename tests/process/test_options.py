"""Options of the command, which follow the model of an output."""

from pathlib import Path

import pytest
import typer

from imagemill.cli.process_command import process
from imagemill.field_errors import FieldError
from imagemill.imaging.spec.pipeline import Output
from imagemill.process.job_options import JobOptions


def option_names() -> list[str]:
    """Return every option of the command, as it is typed."""
    app = typer.Typer(add_completion=False)
    app.command()(process)
    params = typer.main.get_command(app).params
    return [name for each in params for name in (*each.opts, *each.secondary_opts)]


def test_every_field_of_an_output_is_an_option_and_no_option_is_ambiguous() -> None:
    assert {f"--{field.replace('_', '-')}" for field in Output.model_fields} <= set(option_names())
    assert len(option_names()) == len(set(option_names()))


def test_only_options_that_are_given_become_fields() -> None:
    options = JobOptions.from_command_line(
        None, None, {"width": "5", "height": None, "flip": False}
    )
    assert options.fields == {"width": "5", "flip": "false"}


def test_a_pipeline_comes_as_json_or_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "pipeline.json"
    file.write_text('{"outputs": []}', encoding="utf-8")
    assert JobOptions.from_command_line(None, f"@{file}", {}).fields == {
        "pipeline": '{"outputs": []}'
    }
    assert JobOptions.from_command_line(None, "{}", {}).fields == {"pipeline": "{}"}


@pytest.mark.parametrize(
    ("fields", "pipeline"),
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
def test_the_pipeline_that_a_server_would_use_is_resolved(
    fields: dict[str, str], pipeline: object
) -> None:
    presets = {"default": "the default", "avatar": "the avatar"}
    assert JobOptions(fields).resolve_pipeline(presets) == pipeline


@pytest.mark.parametrize(
    ("fields", "pointer", "sentence"),
    [
        ({"max_bytes": "0"}, "/outputs/0/max_bytes", "--max-bytes: no"),
        ({"crop": "{}"}, "/outputs/0/crop/left", "--crop left: no"),
        ({"preset": "x"}, "/preset", "--preset: no"),
        ({"pipeline": "{"}, "/pipeline", "--pipeline: no"),
        ({"pipeline": "{}"}, "/outputs/3/crop/left", "--pipeline, /outputs/3/crop/left: no"),
    ],
)
def test_an_error_names_the_option(fields: dict[str, str], pointer: str, sentence: str) -> None:
    error = FieldError(pointer=pointer, detail="no")
    assert JobOptions(fields).usage_error([error]).sentences == (sentence,)
