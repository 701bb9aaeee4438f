"""The whole page: routes by their tags, then what they have in common."""

from collections.abc import Iterator
from typing import Any, Final

from apidocs.route import PROBLEM, route
from apidocs.words import anchor, code, meaning, table, words

Schema = dict[str, Any]

NOTE: Final = (
    "Made by `make api-docs` from the OpenAPI document, which a running gateway serves at"
    " `/openapi.json` and shows at `/docs`. Change the routes, not this page."
)


def page(document: Schema) -> str:
    """Return the page as Markdown."""
    return "\n".join(
        [
            "# The HTTP API\n",
            f"{document['info']['description'].strip()}\n",
            f"{NOTE}\n",
            _contents(document),
            *_routes(document),
            _problems(document),
            _headers(document),
            *_schemas(document["components"]["schemas"]),
        ]
    )


def _operations(document: Schema) -> Iterator[tuple[str, str, Schema]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def _contents(document: Schema) -> str:
    rows = [
        (f"[{method.upper()} {path}](#{anchor(f'{method} {path}')})", operation["summary"])
        for method, path, operation in _operations(document)
    ]
    return table("route", "", rows=rows)


def _routes(document: Schema) -> Iterator[str]:
    for tag in document["tags"]:
        yield f"## {tag['name'].capitalize()}\n\n{tag['description']}\n"
        for method, path, operation in _operations(document):
            if tag["name"] in operation["tags"]:
                yield route(method, path, operation)


def _problems(document: Schema) -> str:
    """Return the table of the kinds of problem there are."""
    kinds = document["x-problems"]
    rows = [(code(kind["type"]), str(kind["status"]), kind["meaning"]) for kind in kinds]
    return (
        "## Problems\n\n"
        f"Every answer of 400 and above is `{PROBLEM}` (RFC 9457): a [Problem](#problem). Unknown"
        " paths get 404, wrong methods 405 with `Allow`.\n\n"
        + table("type", "status", "meaning", rows=rows)
    )


def _headers(document: Schema) -> str:
    """Return the table of the headers that answers have anywhere."""
    found = {
        name: header
        for _, _, operation in _operations(document)
        for answer in operation["responses"].values()
        for name, header in answer.get("headers", {}).items()
    }
    rows = [
        (code(name), header["description"], code(header["example"]))
        for name, header in sorted(found.items())
    ]
    return "## Headers of answers\n\n" + table("header", "meaning", "such as", rows=rows)


def _schemas(schemas: Schema) -> Iterator[str]:
    yield "## Schemas\n"
    for name, schema in schemas.items():
        yield f"### {name}\n\n{schema.get('description', '')}".rstrip() + "\n"
        if "properties" in schema:
            yield _members(schema)
        else:
            yield f"{words(schema)}\n"


def _members(schema: Schema) -> str:
    required = set(schema.get("required", ()))
    rows = [
        (code(name), words(one) + ("" if name in required else ", optional"), meaning(one))
        for name, one in schema["properties"].items()
    ]
    return table("member", "value", "meaning", rows=rows)
