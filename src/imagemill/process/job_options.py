"""What the command line asks to be made of every file, in the words of `POST /upload`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from imagemill.process.errors import Misused

DEFAULT_PRESET: Final = "default"
FROM_FILE: Final = "@"
OUTPUT: Final = "/outputs/0/"


@dataclass(frozen=True, slots=True)
class Asked:
    """The fields that go along with each file, as a form carries them."""

    fields: Mapping[str, str]

    @classmethod
    def by_options(
        cls, preset: str | None, pipeline: str | None, output: Mapping[str, str | bool | None]
    ) -> Self:
        """Return what the options say; None is an option that was not given.

        Raises Misused when the pipeline's file cannot be read.
        """
        given = {"preset": preset, "pipeline": pipeline and _pipeline(pipeline), **output}
        return cls({name: as_text(value) for name, value in given.items() if value is not None})

    def outline(self, presets: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON: see below
        """Return the pipeline that a server with these presets would read, unchecked.

        What is wrong with it is for the server to say, which may be newer than this program.
        """
        if "pipeline" in self.fields:
            try:
                return json.loads(self.fields["pipeline"])
            except (ValueError, RecursionError):
                return None
        if "preset" in self.fields or not self.fields:
            return presets.get(self.fields.get("preset", DEFAULT_PRESET))
        return {"outputs": [dict(self.fields)]}

    def fault(self, pointer: str, detail: str) -> str:
        """Return the sentence about a wrong field, the field named by its option."""
        if "pipeline" in self.fields and pointer != "/pipeline":
            return f"--pipeline, {pointer}: {detail}"
        option, *inside = pointer.removeprefix(OUTPUT).removeprefix("/").split("/")
        return f"{' '.join([as_option(option), *inside])}: {detail}"


def as_option(field: str) -> str:
    return f"--{field.replace('_', '-')}"


def as_text(value: object) -> str:
    """Return a value as a form has it: text as it is, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def _pipeline(text: str) -> str:
    """Return the JSON itself, read from a file when it begins with @."""
    if not text.startswith(FROM_FILE):
        return text
    file = Path(text.removeprefix(FROM_FILE))
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise Misused(f"--pipeline: {file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise Misused(f"--pipeline: {file} cannot be read: it is not UTF-8.") from error
