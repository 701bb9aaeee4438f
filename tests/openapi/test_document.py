"""The OpenAPI document describes what the code does, and nothing else."""

import json
import re
from collections.abc import Iterator
from http import HTTPStatus
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from fastapi.routing import APIRoute

from apidocs.markdown import to_anchor
from apidocs.page import render_page
from imagemill.gateway import app as gateway
from imagemill.gateway.openapi.examples import BODIES, OPERATION_BODIES
from imagemill.gateway.openapi.headers import ON_STATUS, RESPONSE_HEADERS
from imagemill.gateway.openapi.problem_docs import PROBLEM_DOCS
from imagemill.gateway.problem import all_kinds
from imagemill.gateway.upload.multipart import FILE_FIELD
from imagemill.imaging.spec.presets import BUILT_IN
from imagemill.job_request import FIELDS, parse_fields
from support.conformance import DOCUMENT, closed

Schema = dict[str, Any]

SCHEMAS = DOCUMENT["components"]["schemas"]
PROBLEM = "application/problem+json"
OPERATIONS = {
    operation["operationId"]: operation
    for methods in DOCUMENT["paths"].values()
    for operation in methods.values()
}


FORM = OPERATIONS["upload"]["requestBody"]["content"]["multipart/form-data"]["schema"]
# What some fields of an output need beside them.
SQUARE: dict[str, object] = {"width": 100, "height": 100}
NEEDED: dict[str, dict[str, object]] = {
    "fit": SQUARE,
    "position": SQUARE | {"fit": "cover"},
    "enlarge": SQUARE,
    "lossless": {"format": "webp"},
    "effort": {"format": "webp"},
    "progressive": {"format": "jpeg"},
}


def responses(operation: Schema) -> Iterator[tuple[int, Schema]]:
    for status, answer in operation["responses"].items():
        yield int(status), answer


def contents() -> Iterator[tuple[str, Schema]]:
    """Yield every body of every operation, requests and responses, with a name."""
    for name, operation in OPERATIONS.items():
        asked = operation.get("requestBody", {}).get("content", {})
        yield from ((f"{name} {kind}", one) for kind, one in asked.items())
        for status, answer in responses(operation):
            for kind, one in answer.get("content", {}).items():
                yield f"{name} {status} {kind}", one


def validator(schema: Schema) -> jsonschema_rs.Draft202012Validator:
    whole = schema | {"components": {"schemas": closed(SCHEMAS)}}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


def nodes(node: object) -> Iterator[Schema]:
    """Yield every object of the document that is no example."""
    if isinstance(node, list):
        for one in node:
            yield from nodes(one)
    elif isinstance(node, dict):
        yield node
        for key, one in node.items():
            if key not in {"example", "examples"}:
                yield from nodes(one)


def routes() -> Iterator[APIRoute]:
    for module in gateway.ROUTE_MODULES:
        yield from (route for route in module.router.routes if isinstance(route, APIRoute))


def is_stream(operation: Schema) -> bool:
    return "text/event-stream" in operation["responses"]["200"].get("content", {})


def test_every_route_is_in_the_document_and_no_other() -> None:
    served = {(method, route.path) for route in routes() for method in route.methods or ()}
    shown = {
        (method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods
    }
    assert served - shown == {
        ("HEAD", path)
        for path, methods in DOCUMENT["paths"].items()
        if "get" in methods and not is_stream(methods["get"])
    }
    assert shown - served == set()


def test_the_document_is_valid_and_complete() -> None:
    assert DOCUMENT["openapi"] == "3.1.0"
    assert DOCUMENT["info"]["version"] == version("imagemill")
    references = {node["$ref"] for node in nodes(DOCUMENT) if "$ref" in node}
    named = {f"#/components/schemas/{name}" for name in SCHEMAS}
    assert references - named == set()
    # Status and the like are only seen through others; a schema that none uses is a leftover.
    assert named - references - {"#/components/schemas/Pipeline"} == set()


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_a_valid_json_schema(name: str) -> None:
    jsonschema_rs.meta.validate(SCHEMAS[name])
    assert "title" not in SCHEMAS[name]
    assert all("default" not in one or "type" in one or "anyOf" in one for one in nodes(SCHEMAS))


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_is_described(name: str) -> None:
    operation = OPERATIONS[name]
    assert name.isidentifier()
    assert "_" not in name
    assert operation["summary"]
    assert operation["description"].endswith(".")
    assert set(operation["tags"]) <= {tag["name"] for tag in DOCUMENT["tags"]}
    assert len(operation["tags"]) == 1
    for parameter in operation.get("parameters", ()):
        assert parameter.get("description"), parameter["name"]
    for status, answer in responses(operation):
        assert answer["description"] not in {"", "Successful Response"}, status


def test_every_tag_has_a_route() -> None:
    used = {tag for operation in OPERATIONS.values() for tag in operation["tags"]}
    assert {tag["name"] for tag in DOCUMENT["tags"]} == used


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_error_is_a_problem_with_an_example_and_its_headers(name: str) -> None:
    for status, answer in responses(OPERATIONS[name]):
        if status >= HTTPStatus.BAD_REQUEST:
            assert set(answer["content"]) == {PROBLEM}, status
            assert {"example", "examples"} & set(answer["content"][PROBLEM]), status
            assert set(ON_STATUS.get(HTTPStatus(status), ())) <= set(answer["headers"]), status


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_route_with_parameters_has_a_422(name: str) -> None:
    operation = OPERATIONS[name]
    asked = [one for one in operation.get("parameters", ()) if one["in"] != "header"]
    assert not asked or "422" in operation["responses"]


@pytest.mark.parametrize(("name", "content"), [*contents()], ids=lambda one: str(one)[:60])
def test_every_example_matches_its_schema(name: str, content: Schema) -> None:
    examples = [one["value"] for one in content.get("examples", {}).values()]
    examples += [content["example"]] if "example" in content else []
    is_json = "json" in name.rpartition(" ")[2]
    assert examples or not is_json, f"{name}: its schema has no example in openapi/examples.py"
    for example in examples if is_json else ():
        assert [error.message for error in validator(content["schema"]).iter_errors(example)] == []


def test_every_example_belongs_to_a_body() -> None:
    used = {
        content.get("schema", {}).get("$ref", "").rpartition("/")[2] for _, content in contents()
    }
    assert set(BODIES) - used == set()
    assert set(OPERATION_BODIES) - set(OPERATIONS) == set()


def test_every_example_of_a_header_matches_its_schema() -> None:
    for name, header in RESPONSE_HEADERS.items():
        assert validator(header.schema).is_valid(header.example), name


def test_every_kind_of_problem_is_documented() -> None:
    assert set(PROBLEM_DOCS) == {kind.slug for kind in all_kinds()}
    types = {f"/problems/{kind.slug}" for kind in all_kinds()}
    assert set(SCHEMAS["Problem"]["properties"]["type"]["enum"]) == types


def test_every_field_of_the_upload_form_is_in_one_group() -> None:
    grouped = [name for group in FORM["x-field-groups"] for name in group["fields"]]
    assert sorted(grouped) == sorted({FILE_FIELD, *FIELDS})
    assert list(FORM["properties"]) == grouped


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_the_example_of_a_field_is_one_that_an_upload_may_have(name: str) -> None:
    (example,) = FORM["properties"][name]["examples"]
    assert validator(FORM["properties"][name]).is_valid(example)
    fields = NEEDED.get(name, {}) | {name: example}
    parse_fields([(key, _to_text(value)) for key, value in fields.items()], BUILT_IN)


def _to_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def test_the_committed_api_page_is_up_to_date() -> None:
    committed = Path(__file__).parents[2] / "docs" / "api.md"
    assert committed.read_text(encoding="utf-8") == render_page(DOCUMENT), "run make api-docs"


def test_every_link_of_that_page_has_its_heading() -> None:
    lines = render_page(DOCUMENT).splitlines()
    anchors = [to_anchor(line.lstrip("# ")) for line in lines if line.startswith("#")]
    assert sorted(anchors) == sorted(set(anchors))
    linked = {link for line in lines for link in re.findall(r"\]\(#([^)]+)\)", line)}
    assert linked - set(anchors) == set()


def test_the_document_is_generated_deterministically() -> None:
    again = gateway.create_routes().openapi()
    assert json.dumps(again) == json.dumps(DOCUMENT)
