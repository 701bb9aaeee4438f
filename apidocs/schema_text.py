"""JSON Schemas as text: `integer, 1 to 16384`, a list of [Output](#output), or null."""

from typing import Any

from apidocs.markdown import format_code, to_anchor

Schema = dict[str, Any]

# The keywords for the minimum and maximum of a number, string, list or object, and their unit.
BOUNDS = (
    ("minimum", "maximum", ""),
    ("minLength", "maxLength", " characters"),
    ("minItems", "maxItems", ""),
    ("minProperties", "maxProperties", " members"),
)


def describe_values(schema: Schema) -> str:
    """Return the values that the schema allows."""
    match schema:
        case {"$ref": str(ref)}:
            name = ref.rpartition("/")[2]
            text = f"[{name}](#{to_anchor(name)})"
        case {"contentSchema": {"$ref": _} as content}:
            text = f"JSON of {describe_values(content)}"
        case {"enum": list(values)}:
            text = ", ".join(format_code(value) for value in values)
        case {"const": value}:
            text = format_code(value)
        case {"anyOf": list(options)}:
            text = " or ".join(describe_values(option) for option in options)
        case {"type": list(types)}:
            text = " or ".join(_describe_type(one, schema) for one in types)
        case _:
            text = _describe_type(schema.get("type", "any JSON"), schema)
    return text


def describe_meaning(schema: Schema, description: str | None = None) -> str:
    """Return the description of a field and its default value."""
    text = description or schema.get("description", "")
    value = schema.get("default")
    default = f"Default {format_code(value)}." if value not in (None, [], {}) else ""
    if text and default and not text.endswith("."):
        text += "."
    return " ".join(filter(None, (text, default)))


def _describe_type(name: str, schema: Schema) -> str:
    if name == "array":
        return f"list of {describe_values(schema.get('items', {}))}" + _describe_bounds(schema)
    if name == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {describe_values(schema['additionalProperties'])}"
    if name == "string" and "format" in schema:
        return str(schema["format"])
    if name == "string" and "pattern" in schema:
        return format_code(schema["pattern"])
    return name if name in {"boolean", "null"} else name + _describe_bounds(schema)


def _describe_bounds(schema: Schema) -> str:
    for minimum, maximum, unit in BOUNDS:
        low, high = schema.get(minimum), schema.get(maximum)
        if low is not None and high is not None:
            return f", {low} to {high}{unit}"
        if low:
            return f", from {low}{unit}"
        if high is not None:
            return f", up to {high}{unit}"
    return ""
