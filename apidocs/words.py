"""Schemas in words: `integer, 1 to 16384`, a list of [Output](#output), or null."""

import json
from collections.abc import Sequence
from typing import Any

Schema = dict[str, Any]

# What a number, a text or a list may be at least and at most, and the unit of that.
BOUNDS = (
    ("minimum", "maximum", ""),
    ("minLength", "maxLength", " characters"),
    ("minItems", "maxItems", ""),
    ("minProperties", "maxProperties", " members"),
)


def words(schema: Schema) -> str:
    """Return what a value of the schema may be."""
    match schema:
        case {"$ref": str(ref)}:
            name = ref.rpartition("/")[2]
            said = f"[{name}](#{anchor(name)})"
        case {"contentSchema": {"$ref": _} as content}:
            said = f"JSON of {words(content)}"
        case {"enum": list(values)}:
            said = ", ".join(code(one) for one in values)
        case {"const": value}:
            said = code(value)
        case {"anyOf": list(options)}:
            said = " or ".join(words(one) for one in options)
        case {"type": list(kinds)}:
            said = " or ".join(_of_one_type(kind, schema) for kind in kinds)
        case _:
            said = _of_one_type(schema.get("type", "any JSON"), schema)
    return said


def meaning(schema: Schema, description: str | None = None) -> str:
    """Return what a field is for, and what it is when it is not given."""
    said = description or schema.get("description", "")
    default = schema.get("default")
    given = f"Default {code(default)}." if default not in (None, [], {}) else ""
    if said and given and not said.endswith("."):
        said += "."
    return " ".join(filter(None, (said, given)))


def code(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return f"`{text}`"


def anchor(heading: str) -> str:
    """Return what a heading's link is called, as GitHub makes it."""
    kept = (letter for letter in heading.lower() if letter.isalnum() or letter in " -_")
    return "".join(kept).replace(" ", "-")


def cell(text: str) -> str:
    """Return a text that can stand in a table."""
    return text.replace("|", "\\|").replace("\n", " ")


def table(*head: str, rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cell(one) for one in line)} |\n" for line in lines)


def _of_one_type(kind: str, schema: Schema) -> str:
    if kind == "array":
        several = f"list of {words(schema.get('items', {}))}"
        return several + _bounds(schema)
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {words(schema['additionalProperties'])}"
    if kind == "string" and "format" in schema:
        return str(schema["format"])
    if kind == "string" and "pattern" in schema:
        return code(schema["pattern"])
    return kind if kind in {"boolean", "null"} else kind + _bounds(schema)


def _bounds(schema: Schema) -> str:
    for least, most, unit in BOUNDS:
        low, high = schema.get(least), schema.get(most)
        if low is not None and high is not None:
            return f", {low} to {high}{unit}"
        if low:
            return f", from {low}{unit}"
        if high is not None:
            return f", up to {high}{unit}"
    return ""
