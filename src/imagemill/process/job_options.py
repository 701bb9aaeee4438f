"""Options that describe the jobs of a run, as the form fields of `POST /upload`."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from imagemill.client.upload_options import to_form_value
from imagemill.field_errors import FieldError
from imagemill.job_request import DEFAULT_PRESET
from imagemill.process.errors import UsageError

FILE_PREFIX: Final = "@"
OUTPUT_POINTER: Final = "/outputs/0/"


@dataclass(frozen=True, slots=True)
class JobOptions:
    """The form fields that are sent with each file."""

    fields: Mapping[str, str]

    @classmethod
    def from_command_line(
        cls, preset: str | None, pipeline: str | None, output: Mapping[str, str | bool | None]
    ) -> Self:
        """Return the fields for the options; None is an option that was not given.

        Raises UsageError when the pipeline's file cannot be read.
        """
        given = {"preset": preset, "pipeline": pipeline and _read_pipeline(pipeline), **output}
        return cls(
            {name: to_form_value(value) for name, value in given.items() if value is not None}
        )

    def resolve_pipeline(self, presets: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON: see below
        """Return the pipeline that a server with these presets would use, not validated.

        Validation is left to the server, which may be newer than this program.
        """
        if "pipeline" in self.fields:
            try:
                return json.loads(self.fields["pipeline"])
            except (ValueError, RecursionError):
                return None
        if "preset" in self.fields or not self.fields:
            return presets.get(self.fields.get("preset", DEFAULT_PRESET))
        return {"outputs": [dict(self.fields)]}

    def usage_error(self, errors: Iterable[FieldError]) -> UsageError:
        """Return the error that names each wrong field by its option."""
        return UsageError(*(self._describe(error.pointer, error.detail) for error in errors))

    def _describe(self, pointer: str, detail: str) -> str:
        if "pipeline" in self.fields and pointer != "/pipeline":
            return f"--pipeline, {pointer}: {detail}"
        field, *inside = pointer.removeprefix(OUTPUT_POINTER).removeprefix("/").split("/")
        return f"{' '.join([to_option_name(field), *inside])}: {detail}"


def to_option_name(field: str) -> str:
    return f"--{field.replace('_', '-')}"


def _read_pipeline(text: str) -> str:
    """Return the JSON itself, or that in the file that `@FILE` names."""
    if not text.startswith(FILE_PREFIX):
        return text
    file = Path(text.removeprefix(FILE_PREFIX))
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--pipeline: {file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"--pipeline: {file} cannot be read: it is not UTF-8.") from error
