"""The fields of an upload, validated: pipeline, priority, metadata and callback URL of a new job.

The gateway parses them from a request; `imagemill process` checks its options with the same code.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from imagemill.field_errors import FieldError, InvalidFields, json_pointer
from imagemill.imaging.spec.pipeline import Output, Pipeline
from imagemill.jobs.job import Json, Priority
from imagemill.near_misses import describe_invalid, did_you_mean
from imagemill.webhooks.url import BadCallbackUrl, parse_callback_url

DEFAULT_PRESET: Final = "default"
SHORTHAND_NAME: Final = "image"
MAX_METADATA_BYTES: Final = 4096
MAX_JSON_DEPTH: Final = 32

# An escaped NUL, but not an escaped backslash followed by "u0000". PostgreSQL cannot store it.
NUL: Final = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")

OWN_FIELDS: Final = frozenset({"preset", "pipeline", "priority", "metadata", "callback_url"})
SHORTHAND_FIELDS: Final = frozenset(Output.model_fields)
FIELDS: Final = OWN_FIELDS | SHORTHAND_FIELDS
PIPELINE_SCHEMA: Final = Pipeline.model_json_schema()


@dataclass(frozen=True, slots=True)
class JobRequest:
    """The job that a client requests.

    `preset` names the pipeline if the client chose it by name. `callback_url` is normalized; its
    host has not been resolved.
    """

    preset: str | None
    pipeline: Pipeline
    priority: Priority
    metadata: Json
    callback_url: str | None = None


def parse_fields(pairs: Iterable[tuple[str, str]], presets: Mapping[str, Pipeline]) -> JobRequest:
    """Return the job that the fields request.

    A preset is looked up in `presets`. Raises InvalidFields.
    """
    pairs = list(pairs)
    _require_known_and_unique(pairs)
    fields = dict(pairs)
    return JobRequest(
        preset=_parse_preset(fields),
        pipeline=_parse_pipeline(fields, presets),
        priority=_parse_priority(fields.get("priority")),
        metadata=_parse_metadata(fields.get("metadata")),
        callback_url=_parse_callback_url(fields.get("callback_url")),
    )


def _require_known_and_unique(pairs: list[tuple[str, str]]) -> None:
    counts = Counter(name for name, _ in pairs)
    errors = [
        FieldError(json_pointer([name]), f"is not a field of an upload{did_you_mean(name, FIELDS)}")
        for name in counts
        if name not in FIELDS
    ]
    errors += [
        FieldError(json_pointer([name]), f"is given {count} times")
        for name, count in counts.items()
        if count > 1
    ]
    if errors:
        raise InvalidFields(*errors)


def _parse_preset(fields: Mapping[str, str]) -> str | None:
    if fields.keys() & (SHORTHAND_FIELDS | {"pipeline"}):
        return None
    return fields.get("preset", DEFAULT_PRESET)


def _parse_pipeline(fields: Mapping[str, str], presets: Mapping[str, Pipeline]) -> Pipeline:
    shorthand = {name: value for name, value in fields.items() if name in SHORTHAND_FIELDS}
    sources = [name for name in ("preset", "pipeline") if name in fields] + sorted(shorthand)[:1]
    if len(sources) > 1:
        raise InvalidFields(FieldError(f"/{sources[0]}", f"cannot be combined with {sources[1]!r}"))
    if "pipeline" in fields:
        return _validate(_parse_json("pipeline", fields["pipeline"]))
    if shorthand:
        output = {name: _parse_shorthand(name, value) for name, value in shorthand.items()}
        return _validate({"outputs": [{"name": SHORTHAND_NAME} | output]})
    preset = fields.get("preset", DEFAULT_PRESET)
    if preset not in presets:
        known = ", ".join(sorted(presets))
        raise InvalidFields(
            FieldError(
                "/preset", f"{preset!r} is not one of {known}{did_you_mean(preset, presets)}"
            )
        )
    return presets[preset]


def _validate(value: object) -> Pipeline:
    try:
        return Pipeline.model_validate(value)
    except ValidationError as error:
        errors = error.errors(include_url=False)
        raise InvalidFields(
            *(
                FieldError(
                    json_pointer(one["loc"]), describe_invalid(one, _fields_at(one["loc"][:-1]))
                )
                for one in errors
            )
        ) from error


def _fields_at(location: Sequence[str | int]) -> set[str]:
    """Return the names of the fields that an object at this place of a pipeline may have."""
    nodes: list[dict[str, Any]] = [PIPELINE_SCHEMA]
    for step in location:
        below = [_below(node, step) for node in _alternatives(nodes)]
        # A step that leads nowhere is pydantic's name for one of several types.
        nodes = [node for node in below if node is not None] or nodes
    return {name for node in _alternatives(nodes) for name in node.get("properties", ())}


def _alternatives(nodes: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the schemas with their references followed, and each of several types by itself."""
    for node in nodes:
        if "anyOf" in node:
            yield from _alternatives(node["anyOf"])
        elif "$ref" in node:
            yield PIPELINE_SCHEMA["$defs"][node["$ref"].rpartition("/")[2]]
        else:
            yield node


def _below(node: dict[str, Any], step: str | int) -> dict[str, Any] | None:
    found = node.get("items") if isinstance(step, int) else node.get("properties", {}).get(step)
    return found if isinstance(found, dict) else None


def _parse_shorthand(name: str, text: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return a form's text as the value it has in a pipeline: 320, true, {"x": 0.5} or cover."""
    if name == "name":
        return text
    try:
        value = _load_json(text)
    except ValueError:
        return text
    return text if value is None or isinstance(value, str) else value


def _parse_priority(text: str | None) -> Priority:
    if text is None:
        return Priority.NORMAL
    try:
        return Priority(text)
    except ValueError:
        known = ", ".join(Priority)
        meant = did_you_mean(text, Priority)
        raise InvalidFields(
            FieldError("/priority", f"{text!r} is not one of {known}{meant}")
        ) from None


def _parse_metadata(text: str | None) -> Json:
    if text is None:
        return {}
    value = _parse_json("metadata", text)
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
            FieldError(
                "/metadata", f"is {size} bytes as compact JSON; the limit is {MAX_METADATA_BYTES}"
            )
        )
    return value


def _parse_callback_url(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return parse_callback_url(text).text
    except BadCallbackUrl as error:
        raise InvalidFields(FieldError("/callback_url", str(error))) from None


def _parse_json(name: str, text: str) -> Any:  # noqa: ANN401 - any JSON value
    try:
        value = _load_json(text)
    except ValueError as error:
        raise InvalidFields(FieldError(json_pointer([name]), f"is not JSON: {error}")) from None
    if _is_nested_deeper(value, MAX_JSON_DEPTH):
        raise InvalidFields(
            FieldError(json_pointer([name]), f"is nested deeper than {MAX_JSON_DEPTH}")
        )
    return value


def _load_json(text: str) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return json.loads(text, parse_constant=_reject_constant)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _reject_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def _is_nested_deeper(value: object, depth: int) -> bool:
    """Return whether arrays and objects are nested in more than `depth` levels."""
    level = [value]
    for _ in range(depth):
        level = [
            child
            for parent in level
            if isinstance(parent, dict | list)
            for child in (parent.values() if isinstance(parent, dict) else parent)
        ]
    return any(isinstance(one, dict | list) for one in level)
