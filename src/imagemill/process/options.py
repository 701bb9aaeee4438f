"""The options of `imagemill process`.

Those for the fields of an output are made of the model, so that a new field turns up by itself.
"""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from imagemill.imaging.spec.pipeline import Output
from imagemill.process.job_options import as_option, as_text

# A line a paragraph: the lines are folded where the terminal ends.
HELP: Final = """Process files and folders of pictures.

What is to be made of each is a preset, a pipeline, or one output field by field; without any of \
them it is the preset default.

Outputs are named as their inputs and lie in the same sub-folders: cat.webp for a single output \
named image, else cat-NAME.webp. A file whose outputs all exist is skipped, so that a run that was \
stopped goes on where it was.

Without --server, PostgreSQL, Valkey, gateway and worker are started for this one run. With it, \
the jobs stay in the server's list.

Ends with status 0; 1 when a file failed; 2 when nothing can be done as it is asked for.
"""

Files = Annotated[
    list[Path],
    typer.Argument(exists=True, metavar="FILES", help="Pictures, and folders of them."),
]
Out = Annotated[Path, typer.Option(file_okay=False, help="Folder for the outputs.")]
Preset = Annotated[str | None, typer.Option(help="Name of a preset.")]
Pipeline = Annotated[
    str | None,
    typer.Option(metavar="JSON|@FILE", help="Up to sixteen outputs, and what to analyze."),
]
Server = Annotated[
    str | None,
    typer.Option(metavar="URL", help="A running imagemill; else one is started and ended."),
]
Key = Annotated[
    str | None, typer.Option(envvar="IMAGEMILL_API_KEY", help="What the server knows us by.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace outputs that exist.")]
Concurrency = Annotated[
    int | None, typer.Option(min=1, max=64, help="Files at once; default: twice the cores.")
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Tell of nothing but failures.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print a line of JSON for each file.")]

PANEL: Final = "One output, field by field"
SCHEMA: Final = Output.model_json_schema()

# What is written as it is; an object, or a choice of several, is written as JSON.
PLAIN: Final = {"boolean": "true|false", "integer": "INTEGER", "number": "NUMBER", "string": "TEXT"}

Schema = dict[str, Any]


def with_output_options(command: Callable[..., None]) -> Callable[..., None]:
    """Let the command have an option for every field of an output; `**fields` receives them."""
    signature = inspect.signature(command, eval_str=True)
    own = [each for each in signature.parameters.values() if each.kind is not each.VAR_KEYWORD]
    options = [_option(name, schema) for name, schema in SCHEMA["properties"].items()]
    # Typer reads this, as inspect documents it.
    command.__signature__ = signature.replace(parameters=[*own, *options])  # type: ignore[attr-defined]
    return command


def _option(name: str, schema: Schema) -> inspect.Parameter:
    is_switch = schema.get("type") == "boolean"
    option, default = as_option(name), schema.get("default")
    described = typer.Option(
        f"{option}/--no-{option.removeprefix('--')}" if is_switch else option,
        help=None if default is None else f"Default: {as_text(default)}.",
        metavar=None if is_switch else _metavar(schema),
        rich_help_panel=PANEL,
        show_default=False,
    )
    kind = bool if is_switch else str
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[kind | None, described],
    )


def _metavar(schema: Schema) -> str:
    """Return what may be given, short enough for a column: 1…100, jpeg|png, JSON."""
    kinds = [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
    return " or ".join(dict.fromkeys(map(_kind, kinds)))


def _kind(schema: Schema) -> str:
    if "enum" in schema:
        return "|".join(schema["enum"])
    if "minimum" in schema and "maximum" in schema:
        return f"{schema['minimum']}…{schema['maximum']}"
    if str(schema.get("pattern")).startswith("^#"):
        return "#COLOUR"
    return PLAIN.get(str(schema.get("type")), "JSON")
