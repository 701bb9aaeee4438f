"""The OpenAPI document: what FastAPI knows of the routes, made exact and pleasant to read."""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic.alias_generators import to_camel

from imagemill.gateway.openapi.components import components, named, plain, with_kinds, without_null
from imagemill.gateway.openapi.examples import BODIES, OF_OPERATIONS
from imagemill.gateway.openapi.headers import OF_EVERY_ANSWER, OF_SOME_ANSWERS, headers
from imagemill.gateway.openapi.problem_docs import MEANINGS
from imagemill.gateway.problem import all_kinds, type_of

Schema = dict[str, Any]

TAGS: Final = {
    "upload": "Send an image; get a job.",
    "jobs": "Read jobs and change their fate.",
    "streams": "Follow jobs as they change.",
    "files": "The bytes of what came in and of what went out.",
    "webhooks": "What became of the word to a `callback_url`.",
    "about": "What this service can do.",
    "health": "For whoever watches over it.",
}

# The body of FastAPI's own 422, which is never sent.
ASSUMED: Final = ("HTTPValidationError", "ValidationError")
# What FastAPI says of an answer that nobody described.
UNDESCRIBED: Final = "Successful Response"


def operation_id(route: APIRoute) -> str:
    """Return what an operation is called: its function's name, as JavaScript would write it."""
    return to_camel(route.name)


def document(app: FastAPI) -> Callable[[], Schema]:
    """Return a function that makes the app's OpenAPI document once and then repeats it."""
    generate = app.openapi

    def openapi() -> Schema:
        if app.openapi_schema is None:
            app.openapi_schema = _exact(generate())
        return app.openapi_schema

    return openapi


def _exact(made: Schema) -> Schema:
    for operation in _operations(made):
        _forget_what_fastapi_assumes(operation)
    schemas = components(made["components"]["schemas"])
    for name in ASSUMED:
        schemas.pop(name, None)
    names = named(schemas)
    made["paths"] = plain(made["paths"], names)
    made["components"]["schemas"] = {
        names[old]: plain(schemas[old], names) for old in sorted(schemas, key=names.__getitem__)
    }
    with_kinds(made["components"]["schemas"])
    for operation in _operations(made):
        _describe(operation, made["components"]["schemas"])
    made["tags"] = [{"name": name, "description": says} for name, says in TAGS.items()]
    made["x-problems"] = [*_kinds()]
    return made


def _kinds() -> Iterator[Schema]:
    for kind in sorted(all_kinds(), key=lambda kind: (kind.status, kind.slug)):
        yield {
            "type": type_of(kind),
            "title": kind.title,
            "status": kind.status.value,
            "meaning": MEANINGS[kind.slug].says,
        }


def _operations(made: Schema) -> Iterator[Schema]:
    for methods in made["paths"].values():
        yield from methods.values()


def _forget_what_fastapi_assumes(operation: Schema) -> None:
    """Remove the 422 of a route that declares none: it takes headers, and any text will do."""
    answer = operation["responses"].get("422", {})
    if "application/json" in answer.get("content", {}):
        del operation["responses"]["422"]


def _describe(operation: Schema, schemas: Schema) -> None:
    """Give an operation's bodies their examples, and say what its answers are."""
    if "security" in operation:  # while there is no key at all, nobody needs one
        operation["security"] = [{}, *operation["security"]]
    for parameter in operation.get("parameters", ()):
        parameter["schema"] = without_null(parameter["schema"])
    own = OF_OPERATIONS.get(operation["operationId"], {})
    operation["responses"] = dict(sorted(operation["responses"].items()))
    for status, answer in operation["responses"].items():
        answer["headers"] = answer.get("headers", {}) | headers(
            *OF_EVERY_ANSWER, sometimes=OF_SOME_ANSWERS
        )
        for content in answer.get("content", {}).values():
            model = _model(content)
            if model in BODIES and not {"example", "examples"} & set(content):
                content["example"] = own.get(model, BODIES[model])
        if answer["description"] == UNDESCRIBED:
            answer["description"] = _says(answer, schemas) or HTTPStatus(int(status)).phrase
    for content in operation.get("requestBody", {}).get("content", {}).values():
        if _model(content) in BODIES:
            content.setdefault("example", BODIES[_model(content)])


def _says(answer: Schema, schemas: Schema) -> str:
    models = (_model(content) for content in answer.get("content", {}).values())
    return next((schemas[model].get("description", "") for model in models if model), "")


def _model(content: Schema) -> str:
    """Return the name of the component that a body is; empty when it is none."""
    return str(content.get("schema", {}).get("$ref", "")).rpartition("/")[2]
