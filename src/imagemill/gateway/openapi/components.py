"""The schemas of the OpenAPI document, brought from pydantic's form into one that reads well."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import models_json_schema

from imagemill.gateway.problem import ProblemBody, all_kinds, type_of
from imagemill.imaging.spec.analysis import Analysis
from imagemill.imaging.spec.pipeline import Pipeline

REF: Final = "#/components/schemas/{model}"
# A field's name once more, with capitals.
NOISE: Final = "title"
# What stands below these are values, not schemas.
VALUES: Final = frozenset({"example", "examples"})

Schema = dict[str, Any]


def components(made: Schema) -> Schema:
    """Return the schemas that routes made, and those of what is said without a route's model."""
    return made | _of(Pipeline, ProblemBody, *ProblemBody.__subclasses__()) | _analysis()


def named(schemas: Mapping[str, Schema]) -> dict[str, str]:
    """Return what each component is called: its model's title, without the suffix Body.

    Raises ValueError when two would be called the same.
    """
    names = {old: schema.get("title", old).removesuffix("Body") for old, schema in schemas.items()}
    twice = {name for name in names.values() if list(names.values()).count(name) > 1}
    if twice:
        raise ValueError(f"two schemas are called {sorted(twice)}: give one a title")
    return names


def plain(node: Any, names: Mapping[str, str]) -> Any:  # noqa: ANN401 - any part of a schema
    """Return a part of the document with new names for components, and without noise."""
    if isinstance(node, list):
        return [plain(one, names) for one in node]
    if isinstance(node, float) and node.is_integer():
        return int(node)
    if not isinstance(node, dict):
        return node
    kept = {
        key: value if key in VALUES else _part(key, value, names)
        for key, value in node.items()
        if not (key == NOISE and isinstance(value, str))
    }
    return _with_null_beside_it(_without_a_lone_all(kept))


def with_kinds(schemas: Schema) -> None:
    """Let the schema of a problem name every kind there is."""
    types = sorted(type_of(kind) for kind in all_kinds())
    for schema in schemas.values():
        members = schema.get("properties", {})
        if {"type", "title", "status", "detail"} <= set(members):
            members["type"] |= {"format": "uri-reference", "enum": types}
            members["status"] |= {"minimum": 400, "maximum": 599}


def without_null(schema: Schema) -> Schema:
    """Return the schema of a parameter: it is given or not, and never null."""
    match schema:
        case {"anyOf": [dict(only), {"type": "null"}]}:
            return {**only, **{key: one for key, one in schema.items() if key != "anyOf"}}
        case {"type": [str(kind), "null"]}:
            return {**schema, "type": kind}
    return schema


def _of(*models: type[BaseModel]) -> Schema:
    _, made = models_json_schema([(one, "validation") for one in models], ref_template=REF)
    return dict(made["$defs"])


def _analysis() -> Schema:
    schema = TypeAdapter(Analysis).json_schema(ref_template=REF)
    return {**schema.pop("$defs", {}), Analysis.__name__: schema}


def _part(key: str, value: Any, names: Mapping[str, str]) -> Any:  # noqa: ANN401 - any JSON
    if key != "$ref":
        return plain(value, names)
    folder, _, model = value.rpartition("/")
    return f"{folder}/{names.get(model, model)}"


def _without_a_lone_all(schema: Schema) -> Schema:
    match schema.get("allOf"):
        case [only]:
            return {**only, **{key: one for key, one in schema.items() if key != "allOf"}}
    return schema


def _with_null_beside_it(schema: Schema) -> Schema:
    """Write "this type or null" as one schema with two types, as JSON Schema has it."""
    match schema.get("anyOf"):
        case [{"type": str(kind)} as only, {"type": "null"}] if not {"enum", "const"} & set(only):
            rest = {key: value for key, value in schema.items() if key != "anyOf"}
            return {**only, "type": [kind, "null"], **rest}
    return schema
