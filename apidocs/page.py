"""The whole page: routes by tag, then problems, headers and schemas."""

from collections.abc import Iterator
from typing import Any, Final

from apidocs.markdown import format_code, format_table, to_anchor
from apidocs.route import PROBLEM, render_route
from apidocs.schema_text import describe_meaning, describe_values

Schema = dict[str, Any]

NOTE: Final = (
    "Made by `make api-docs` from the OpenAPI document, which a running gateway serves at"
    " `/openapi.json` and shows at `/docs`. Change the routes, not this page."
)


def render_page(document: Schema) -> str:
    """Return the page as Markdown."""
    return "\n".join(
        [
            "# The HTTP API\n",
            f"{document['info']['description'].strip()}\n",
            f"{NOTE}\n",
            _render_contents(document),
            *_render_routes(document),
            _render_problems(document),
            _render_headers(document),
            *_render_schemas(document["components"]["schemas"]),
        ]
    )


def _operations(document: Schema) -> Iterator[tuple[str, str, Schema]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def _render_contents(document: Schema) -> str:
    rows = [
        (f"[{method.upper()} {path}](#{to_anchor(f'{method} {path}')})", operation["summary"])
        for method, path, operation in _operations(document)
    ]
    return format_table("route", "", rows=rows)


def _render_routes(document: Schema) -> Iterator[str]:
    for tag in document["tags"]:
        yield f"## {tag['name'].capitalize()}\n\n{tag['description']}\n"
        for method, path, operation in _operations(document):
            if tag["name"] in operation["tags"]:
                yield render_route(method, path, operation)


def _render_problems(document: Schema) -> str:
    kinds = document["x-problems"]
    rows = [(format_code(kind["type"]), str(kind["status"]), kind["meaning"]) for kind in kinds]
    return (
        "## Problems\n\n"
        f"Every response of 400 and above is `{PROBLEM}` (RFC 9457): a [Problem](#problem). Unknown"
        " paths get 404, wrong methods 405 with `Allow`.\n\n"
        + format_table("type", "status", "meaning", rows=rows)
    )


def _render_headers(document: Schema) -> str:
    """Return a table of every response header."""
    found = {
        name: header
        for _, _, operation in _operations(document)
        for response in operation["responses"].values()
        for name, header in response.get("headers", {}).items()
    }
    rows = [
        (format_code(name), header["description"], format_code(header["example"]))
        for name, header in sorted(found.items())
    ]
    return "## Response headers\n\n" + format_table("header", "meaning", "example", rows=rows)


def _render_schemas(schemas: Schema) -> Iterator[str]:
    yield "## Schemas\n"
    for name, schema in schemas.items():
        yield f"### {name}\n\n{schema.get('description', '')}".rstrip() + "\n"
        if "properties" in schema:
            yield _render_properties(schema)
        else:
            yield f"{describe_values(schema)}\n"


def _render_properties(schema: Schema) -> str:
    required = set(schema.get("required", ()))
    rows = [
        (
            format_code(name),
            describe_values(one) + ("" if name in required else ", optional"),
            describe_meaning(one),
        )
        for name, one in schema["properties"].items()
    ]
    return format_table("property", "value", "meaning", rows=rows)
