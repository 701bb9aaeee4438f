"""The schemas of the OpenAPI document, simplified from the form that pydantic generates."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import models_json_schema

from imagemill.gateway.problem import ProblemBody, all_kinds, type_of
from imagemill.imaging.spec.analysis import Analysis
from imagemill.imaging.spec.pipeline import Pipeline

REF: Final = "#/components/schemas/{model}"
# pydantic's title: the name of a field, capitalized.
TITLE: Final = "title"
# Below these keys are values, not schemas.
VALUES: Final = frozenset({"example", "examples"})

Schema = dict[str, Any]


def add_components(generated: Schema) -> Schema:
    """Return the schemas of the routes' models, and those that no route has as a model."""
    return (
        generated
        | _generate(Pipeline, ProblemBody, *ProblemBody.__subclasses__())
        | _generate_analysis()
    )


def component_names(schemas: Mapping[str, Schema]) -> dict[str, str]:
    """Return the name of each component: its model's title, without the suffix Body.

    Raises ValueError if two have the same name.
    """
    names = {old: schema.get("title", old).removesuffix("Body") for old, schema in schemas.items()}
    duplicates = {name for name in names.values() if list(names.values()).count(name) > 1}
    if duplicates:
        raise ValueError(f"two schemas have the same name, {sorted(duplicates)}: give one a title")
    return names


def simplify(node: Any, names: Mapping[str, str]) -> Any:  # noqa: ANN401 - any part of a schema
    """Return a part of the document with the components renamed, and without titles."""
    if isinstance(node, list):
        return [simplify(one, names) for one in node]
    if isinstance(node, float) and node.is_integer():
        return int(node)
    if not isinstance(node, dict):
        return node
    kept = {
        key: value if key in VALUES else _simplify_value(key, value, names)
        for key, value in node.items()
        if not (key == TITLE and isinstance(value, str))
    }
    return _merge_null(_unwrap_single_all_of(kept))


def add_problem_types(schemas: Schema) -> None:
    """List every kind of problem in the schema of a problem."""
    types = sorted(type_of(kind) for kind in all_kinds())
    for schema in schemas.values():
        members = schema.get("properties", {})
        if {"type", "title", "status", "detail"} <= set(members):
            members["type"] |= {"format": "uri-reference", "enum": types}
            members["status"] |= {"minimum": 400, "maximum": 599}


def remove_null(schema: Schema) -> Schema:
    """Return the schema of a parameter without null: a parameter is absent, never null."""
    match schema:
        case {"anyOf": [dict(only), {"type": "null"}]}:
            return {**only, **{key: one for key, one in schema.items() if key != "anyOf"}}
        case {"type": [str(kind), "null"]}:
            return {**schema, "type": kind}
    return schema


def _generate(*models: type[BaseModel]) -> Schema:
    _, generated = models_json_schema([(one, "validation") for one in models], ref_template=REF)
    return dict(generated["$defs"])


def _generate_analysis() -> Schema:
    schema = TypeAdapter(Analysis).json_schema(ref_template=REF)
    return {**schema.pop("$defs", {}), Analysis.__name__: schema}


def _simplify_value(key: str, value: Any, names: Mapping[str, str]) -> Any:  # noqa: ANN401 - any JSON
    if key != "$ref":
        return simplify(value, names)
    folder, _, model = value.rpartition("/")
    return f"{folder}/{names.get(model, model)}"


def _unwrap_single_all_of(schema: Schema) -> Schema:
    match schema.get("allOf"):
        case [only]:
            return {**only, **{key: one for key, one in schema.items() if key != "allOf"}}
    return schema


def _merge_null(schema: Schema) -> Schema:
    """Rewrite "this type or null" as one schema with two types."""
    match schema.get("anyOf"):
        case [{"type": str(kind)} as only, {"type": "null"}] if not {"enum", "const"} & set(only):
            rest = {key: value for key, value in schema.items() if key != "anyOf"}
            return {**only, "type": [kind, "null"], **rest}
    return schema
