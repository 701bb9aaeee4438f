"""The OpenAPI document: FastAPI's, completed with what FastAPI does not know of the routes."""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic.alias_generators import to_camel

from imagemill.gateway.openapi.components import (
    add_components,
    add_problem_types,
    component_names,
    remove_null,
    simplify,
)
from imagemill.gateway.openapi.examples import BODIES, OPERATION_BODIES
from imagemill.gateway.openapi.headers import ON_EVERY_RESPONSE, ON_SOME_RESPONSES, response_headers
from imagemill.gateway.openapi.problem_docs import PROBLEM_DOCS
from imagemill.gateway.problem import all_kinds, type_of

Schema = dict[str, Any]

TAGS: Final = {
    "upload": "Upload an image; get a job.",
    "jobs": "Read, cancel, retry and delete jobs.",
    "streams": "Follow jobs as they change.",
    "files": "Download inputs and outputs.",
    "webhooks": "The deliveries to a `callback_url`.",
    "about": "Presets and capabilities.",
    "health": "Health checks and metrics.",
}

# The body of FastAPI's own 422, which is never sent.
DEFAULT_SCHEMAS: Final = ("HTTPValidationError", "ValidationError")
# FastAPI's description of a response without one.
DEFAULT_DESCRIPTION: Final = "Successful Response"


def operation_id(route: APIRoute) -> str:
    """Return the id of an operation: its function's name in camel case."""
    return to_camel(route.name)


def complete_document(app: FastAPI) -> Callable[[], Schema]:
    """Return a replacement for `app.openapi`, which generates the document once and caches it."""
    generate = app.openapi

    def openapi() -> Schema:
        if app.openapi_schema is None:
            app.openapi_schema = _complete(generate())
        return app.openapi_schema

    return openapi


def _complete(document: Schema) -> Schema:
    for operation in _operations(document):
        _remove_default_422(operation)
    schemas = add_components(document["components"]["schemas"])
    for name in DEFAULT_SCHEMAS:
        schemas.pop(name, None)
    names = component_names(schemas)
    document["paths"] = simplify(document["paths"], names)
    document["components"]["schemas"] = {
        names[old]: simplify(schemas[old], names) for old in sorted(schemas, key=names.__getitem__)
    }
    add_problem_types(document["components"]["schemas"])
    for operation in _operations(document):
        _describe(operation, document["components"]["schemas"])
    document["tags"] = [
        {"name": name, "description": description} for name, description in TAGS.items()
    ]
    document["x-problems"] = [*_problem_kinds()]
    return document


def _problem_kinds() -> Iterator[Schema]:
    for kind in sorted(all_kinds(), key=lambda kind: (kind.status, kind.slug)):
        yield {
            "type": type_of(kind),
            "title": kind.title,
            "status": kind.status.value,
            "meaning": PROBLEM_DOCS[kind.slug].meaning,
        }


def _operations(document: Schema) -> Iterator[Schema]:
    for methods in document["paths"].values():
        yield from methods.values()


def _remove_default_422(operation: Schema) -> None:
    """Remove FastAPI's 422 from a route that declares none: its headers are never invalid."""
    response = operation["responses"].get("422", {})
    if "application/json" in response.get("content", {}):
        del operation["responses"]["422"]


def _describe(operation: Schema, schemas: Schema) -> None:
    """Add examples to an operation's bodies, and headers and descriptions to its responses."""
    if "security" in operation:  # while no key exists, none is required
        operation["security"] = [{}, *operation["security"]]
    for parameter in operation.get("parameters", ()):
        parameter["schema"] = remove_null(parameter["schema"])
    own_examples = OPERATION_BODIES.get(operation["operationId"], {})
    operation["responses"] = dict(sorted(operation["responses"].items()))
    for status, response in operation["responses"].items():
        response["headers"] = response.get("headers", {}) | response_headers(
            *ON_EVERY_RESPONSE, optional=ON_SOME_RESPONSES
        )
        for content in response.get("content", {}).values():
            model = _model(content)
            if model in BODIES and not {"example", "examples"} & set(content):
                content["example"] = own_examples.get(model, BODIES[model])
        if response["description"] == DEFAULT_DESCRIPTION:
            response["description"] = (
                _model_description(response, schemas) or HTTPStatus(int(status)).phrase
            )
    for content in operation.get("requestBody", {}).get("content", {}).values():
        if _model(content) in BODIES:
            content.setdefault("example", BODIES[_model(content)])


def _model_description(response: Schema, schemas: Schema) -> str:
    models = (_model(content) for content in response.get("content", {}).values())
    return next((schemas[model].get("description", "") for model in models if model), "")


def _model(content: Schema) -> str:
    """Return the name of the component that is the schema of a body, or an empty string."""
    return str(content.get("schema", {}).get("$ref", "")).rpartition("/")[2]
