"""The fields of an upload, parsed once: what is to be made of the image, and how urgently."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from imagemill.gateway.errors import FieldError, InvalidFields
from imagemill.gateway.problem import pointer
from imagemill.imaging.spec.pipeline import Output, Pipeline
from imagemill.jobs.job import Json, Priority
from imagemill.webhooks.url import BadCallbackUrl, parse_callback_url

DEFAULT_PRESET: Final = "default"
SHORTHAND_NAME: Final = "image"
MAX_METADATA_BYTES: Final = 4096
MAX_JSON_DEPTH: Final = 32

# The escape itself, not an escaped backslash with u0000 behind it. PostgreSQL cannot store it.
NUL: Final = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")

OWN_FIELDS: Final = frozenset({"preset", "pipeline", "priority", "metadata", "callback_url"})
SHORTHAND_FIELDS: Final = frozenset(Output.model_fields)


@dataclass(frozen=True, slots=True)
class JobRequest:
    """What a client asks for.

    `preset` is the name of the pipeline, if it was asked for by name; `callback_url` is in its one
    form, and not vetted yet.
    """

    preset: str | None
    pipeline: Pipeline
    priority: Priority
    metadata: Json
    callback_url: str | None = None


def parse_fields(pairs: Iterable[tuple[str, str]], presets: Mapping[str, Pipeline]) -> JobRequest:
    """Return what the fields ask for. Raises InvalidFields, which names every field at fault."""
    pairs = list(pairs)
    _refuse_unknown_and_repeated(pairs)
    fields = dict(pairs)
    return JobRequest(
        preset=_preset(fields),
        pipeline=_pipeline(fields, presets),
        priority=_priority(fields.get("priority")),
        metadata=_metadata(fields.get("metadata")),
        callback_url=_callback_url(fields.get("callback_url")),
    )


def _refuse_unknown_and_repeated(pairs: list[tuple[str, str]]) -> None:
    counts = Counter(name for name, _ in pairs)
    errors = [
        FieldError(pointer([name]), "is not a field of an upload")
        for name in counts
        if name not in OWN_FIELDS | SHORTHAND_FIELDS
    ]
    errors += [
        FieldError(pointer([name]), f"is given {count} times")
        for name, count in counts.items()
        if count > 1
    ]
    if errors:
        raise InvalidFields(*errors)


def _preset(fields: Mapping[str, str]) -> str | None:
    if fields.keys() & (SHORTHAND_FIELDS | {"pipeline"}):
        return None
    return fields.get("preset", DEFAULT_PRESET)


def _pipeline(fields: Mapping[str, str], presets: Mapping[str, Pipeline]) -> Pipeline:
    shorthand = {name: value for name, value in fields.items() if name in SHORTHAND_FIELDS}
    ways = [name for name in ("preset", "pipeline") if name in fields] + sorted(shorthand)[:1]
    if len(ways) > 1:
        raise InvalidFields(FieldError(pointer([ways[0]]), f"cannot be combined with {ways[1]!r}"))
    if "pipeline" in fields:
        return _validated(_json("pipeline", fields["pipeline"]))
    if shorthand:
        output = {name: _shorthand_value(name, value) for name, value in shorthand.items()}
        return _validated({"outputs": [{"name": SHORTHAND_NAME} | output]})
    preset = fields.get("preset", DEFAULT_PRESET)
    if preset not in presets:
        known = ", ".join(sorted(presets))
        raise InvalidFields(FieldError("/preset", f"{preset!r} is not one of {known}"))
    return presets[preset]


def _validated(value: object) -> Pipeline:
    try:
        return Pipeline.model_validate(value)
    except ValidationError as error:
        errors = error.errors(include_url=False)
        raise InvalidFields(
            *(FieldError(pointer(one["loc"]), _sentence(one["msg"])) for one in errors)
        ) from error


def _sentence(message: str) -> str:
    return message.removeprefix("Value error, ")


def _shorthand_value(name: str, text: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return a form's text as the value a pipeline would have: 320, true, {"x": 0.5} or cover."""
    if name == "name":
        return text
    try:
        value = _loads(text)
    except ValueError:
        return text
    return text if value is None or isinstance(value, str) else value


def _priority(text: str | None) -> Priority:
    if text is None:
        return Priority.NORMAL
    try:
        return Priority(text)
    except ValueError:
        known = ", ".join(Priority)
        raise InvalidFields(FieldError("/priority", f"{text!r} is not one of {known}")) from None


def _metadata(text: str | None) -> Json:
    if text is None:
        return {}
    value = _json("metadata", text)
    if not isinstance(value, dict):
        raise InvalidFields(FieldError("/metadata", "is not a JSON object"))
    try:
        compact = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        size = len(compact.encode())
    except ValueError:  # half a surrogate pair, or a number such as 1e999
        raise InvalidFields(
            FieldError("/metadata", "holds text or a number that JSON cannot carry")
        ) from None
    if NUL.search(compact):
        raise InvalidFields(FieldError("/metadata", "holds the character \\u0000"))
    if size > MAX_METADATA_BYTES:
        raise InvalidFields(
            FieldError("/metadata", f"is {size} bytes as compact JSON, over {MAX_METADATA_BYTES}")
        )
    return value


def _callback_url(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return parse_callback_url(text).text
    except BadCallbackUrl as error:
        raise InvalidFields(FieldError("/callback_url", str(error))) from None


def _json(name: str, text: str) -> Any:  # noqa: ANN401 - any JSON value
    try:
        value = _loads(text)
    except ValueError as error:
        raise InvalidFields(FieldError(pointer([name]), f"is not JSON: {error}")) from None
    if _is_deeper(value, MAX_JSON_DEPTH):
        raise InvalidFields(FieldError(pointer([name]), f"is nested deeper than {MAX_JSON_DEPTH}"))
    return value


def _loads(text: str) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _is_deeper(value: object, depth: int) -> bool:
    """Return whether arrays and objects stand in each other more than `depth` times."""
    level = [value]
    for _ in range(depth):
        level = [
            child
            for parent in level
            if isinstance(parent, dict | list)
            for child in (parent.values() if isinstance(parent, dict) else parent)
        ]
    return any(isinstance(one, dict | list) for one in level)
