"""Holds answers of a gateway against its own OpenAPI document.

A client whose event hook is `conforms` asks nothing that the document does not describe and gets
nothing that it does not announce: method, status, headers, content type and body.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from http import HTTPStatus
from typing import Any, cast

import httpx
import jsonschema_rs

from imagemill.gateway.app import create_routes
from imagemill.gateway.openapi.headers import (
    ON_EVERY_RESPONSE,
    ON_SOME_RESPONSES,
    ON_STATUS,
    response_headers,
)

Schema = dict[str, Any]

# As the code makes it, without anything that a gateway opens. Made here, since clients of several
# threads may ask for it, and pydantic does not like to be asked by two at once.
DOCUMENT: Schema = create_routes().openapi()

PROBLEM = "application/problem+json"
# Headers of the connection and the message, which say nothing of the API.
PLAIN_HEADERS = {
    "connection",
    "content-length",
    "content-type",
    "date",
    "keep-alive",
    "server",
    "transfer-encoding",
}
# Every path answers these, so the document says it once for all.
ANYWHERE = {
    httpx.codes.METHOD_NOT_ALLOWED,
    httpx.codes.NOT_FOUND,
    httpx.codes.MISDIRECTED_REQUEST,
}
# Pages are not in the document, and have a query as every route.
OF_PAGES = ANYWHERE | {httpx.codes.UNPROCESSABLE_ENTITY}
# A bug, which no document announces; what it looks like is announced all the same.
BUG = httpx.codes.INTERNAL_SERVER_ERROR


def conforms(response: httpx.Response) -> None:
    """Fail unless the answer is one that the document describes. An event hook of httpx."""
    if not _is_stream(response):
        response.read()
    found = list(differences(response))
    if found:
        request = response.request
        raise AssertionError(
            f"{request.method} {request.url} was answered with {response.status_code}, which the "
            "OpenAPI document does not describe:\n  "
            + "\n  ".join(found)
            + "\nDeclare it where the route is declared: see CONTRIBUTING.md, A new route."
        )


async def conforms_too(response: httpx.Response) -> None:
    """Do the same for an asynchronous client."""
    if not _is_stream(response):
        await response.aread()
    conforms(response)


def differences(response: httpx.Response) -> Iterator[str]:
    """Yield in words what the document does not say of the answer."""
    operation = _operation(response.request.method, response.request.url.path)
    status = response.status_code
    if operation is None:
        if _is_page(response.request.url.path) and status < httpx.codes.BAD_REQUEST:
            return
        if status not in (OF_PAGES if _is_page(response.request.url.path) else ANYWHERE):
            yield "there is no such route in it"
        yield from _problem_differences(response)
        return
    answer = operation["responses"].get(str(status))
    if answer is None:
        if status != BUG:
            known = ", ".join(operation["responses"])
            yield f"{operation['operationId']} answers {known}, says the document"
        yield from _problem_differences(response)
        return
    yield from _header_differences(response, answer.get("headers", {}))
    yield from _body_differences(response, answer.get("content", {}))


def _problem_differences(response: httpx.Response) -> Iterator[str]:
    always = ON_STATUS.get(HTTPStatus(response.status_code), ())
    described = response_headers(*ON_EVERY_RESPONSE, *always, optional=ON_SOME_RESPONSES)
    schema = {"$ref": "#/components/schemas/Problem"}
    yield from _header_differences(response, described)
    yield from _body_differences(response, {PROBLEM: {"schema": schema}})


def _header_differences(response: httpx.Response, described: Schema) -> Iterator[str]:
    names = {name.lower() for name in described}
    for name in set(response.headers) - names - PLAIN_HEADERS:
        yield f"the header {name} is not described"
    for name, header in described.items():
        value = response.headers.get(name)
        if value is None:
            if header["required"]:
                yield f"the header {name} is missing"
            continue
        is_number = header["schema"].get("type") == "integer"
        typed = int(value) if is_number and value.isdigit() else value
        for error in _validator(json.dumps(header["schema"])).iter_errors(typed):
            yield f"the header {name}: {error.message}"


def _body_differences(response: httpx.Response, content: Schema) -> Iterator[str]:
    has_content = bool(response.headers.get("content-type"))
    if not content:
        if has_content:
            yield f"a body of {response.headers['content-type']} where none is described"
        return
    media_type = response.headers.get("content-type", "").partition(";")[0]
    described = next((content[known] for known in content if _covers(known, media_type)), None)
    if described is None:
        yield f"the content type is {media_type!r}, not one of {', '.join(content)}"
        return
    if response.request.method == "HEAD" or not media_type.endswith("json"):
        return
    for error in _validator(json.dumps(described["schema"])).iter_errors(response.json()):
        yield f"the body at {'/'.join(map(str, error.instance_path)) or '/'}: {error.message}"


def _covers(known: str, media_type: str) -> bool:
    return known == media_type or (
        known.endswith("/*") and media_type.startswith(known.removesuffix("*"))
    )


def _is_stream(response: httpx.Response) -> bool:
    return str(response.headers.get("content-type", "")).startswith("text/event-stream")


def _is_page(path: str) -> bool:
    names = {"/", "/status", "/openapi.json"}
    return path in names or path.startswith(("/docs", "/page/", "/problems/"))


def _operation(method: str, path: str) -> Schema | None:
    method = "get" if method == "HEAD" else method.lower()
    found = [
        (template.count("{"), operations)
        for template, operations in DOCUMENT["paths"].items()
        if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), path)
    ]
    matched = min(found, key=lambda one: one[0])[1] if found else {}
    return cast("Schema | None", matched.get(method))


@cache
def _validator(schema: str) -> jsonschema_rs.Draft202012Validator:
    """Return what checks a schema of the document, and lets in no member that it does not name."""
    components = closed(DOCUMENT["components"]["schemas"])
    whole = json.loads(schema) | {"components": {"schemas": components}}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


def closed(schema: Any) -> Any:  # noqa: ANN401 - any part of a schema
    """Return the schemas with objects that have the members they name and no others."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: closed(value) for key, value in schema.items()}
    if schema.get("type") == "object" and "properties" in schema:
        kept.setdefault("additionalProperties", False)
    return kept
