"""Options of `imagemill process`.

The options for the fields of an output are generated from the model, so that a new field of the
model becomes an option by itself.
"""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from imagemill.client.upload_options import to_form_value
from imagemill.imaging.spec.pipeline import Output
from imagemill.process.job_options import to_option_name

Files = Annotated[
    list[Path],
    typer.Argument(exists=True, metavar="FILES", help="Image files, and folders of them."),
]
Out = Annotated[Path, typer.Option(file_okay=False, help="Folder for the outputs.")]
Preset = Annotated[str | None, typer.Option(help="Name of a preset.")]
Pipeline = Annotated[
    str | None,
    typer.Option(metavar="JSON|@FILE", help="Pipeline: up to sixteen outputs, and analyses."),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace outputs that exist.")]
Concurrency = Annotated[
    int | None,
    typer.Option(min=1, max=64, help="Files processed at once; default: twice the cores."),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show only failures.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print a line of JSON for each file.")]

PANEL: Final = "Fields of a single output"
SCHEMA: Final = Output.model_json_schema()

# Values that are written as they are; objects and arrays are written as JSON.
METAVARS: Final = {
    "boolean": "true|false",
    "integer": "INTEGER",
    "number": "NUMBER",
    "string": "TEXT",
}

Schema = dict[str, Any]


def with_output_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add an option for every field of an output to the command, whose `**fields` receives them."""
    signature = inspect.signature(command, eval_str=True)
    own = [each for each in signature.parameters.values() if each.kind is not each.VAR_KEYWORD]
    options = [_option(name, schema) for name, schema in SCHEMA["properties"].items()]
    # Typer reads this, as inspect documents it.
    command.__signature__ = signature.replace(parameters=[*own, *options])  # type: ignore[attr-defined]
    return command


def _option(name: str, schema: Schema) -> inspect.Parameter:
    is_switch = schema.get("type") == "boolean"
    option, default = to_option_name(name), schema.get("default")
    description = typer.Option(
        f"{option}/--no-{option.removeprefix('--')}" if is_switch else option,
        help=None if default is None else f"Default: {to_form_value(default)}.",
        metavar=None if is_switch else _metavar(schema),
        autocompletion=_completion(schema),
        rich_help_panel=PANEL,
        show_default=False,
    )
    type_ = bool if is_switch else str
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[type_ | None, description],
    )


def _completion(schema: Schema) -> Callable[[str], list[str]]:
    """Return the function that completes the words among the accepted values."""
    words = [word for one in _alternatives(schema) for word in one.get("enum", ())]

    def complete(incomplete: str) -> list[str]:
        return [word for word in words if word.startswith(incomplete)]

    return complete


def _alternatives(schema: Schema) -> list[Schema]:
    return [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]


def _metavar(schema: Schema) -> str:
    """Return the accepted values, short enough for a column: 1…100, jpeg|png, JSON."""
    return " or ".join(dict.fromkeys(map(_metavar_of_type, _alternatives(schema))))


def _metavar_of_type(schema: Schema) -> str:
    if "enum" in schema:
        return "|".join(schema["enum"])
    if "minimum" in schema and "maximum" in schema:
        return f"{schema['minimum']}…{schema['maximum']}"
    if str(schema.get("pattern")).startswith("^#"):
        return "#COLOR"
    return METAVARS.get(str(schema.get("type")), "JSON")
