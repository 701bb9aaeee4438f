"""The section of a route: its request, its responses, and examples of them."""

import json
from collections.abc import Iterator
from typing import Any, Final

from apidocs.markdown import format_code, format_table
from apidocs.schema_text import describe_meaning, describe_values

Schema = dict[str, Any]

PROBLEM: Final = "application/problem+json"
FORM: Final = "multipart/form-data"
EXAMPLE: Final = """
```json
{example}
```
"""


def render_route(method: str, path: str, operation: Schema) -> str:
    """Return the section of a route as Markdown."""
    form = _form(operation)
    sections = [
        f"### {method.upper()} {path}\n",
        f"**{operation['summary']}.** {operation.get('description', '')}\n",
        _render_security(operation),
        _render_parameters(operation.get("parameters", []), form),
        _render_body(operation.get("requestBody"), form),
        _render_responses(operation["responses"]),
        *_render_examples(operation["responses"]),
    ]
    return "\n".join(section for section in sections if section)


def _render_security(operation: Schema) -> str:
    schemes = [name for one in operation.get("security", []) for name in one]
    condition = ", once one exists" if {} in operation.get("security", []) else ""
    return f"Requires an {' or '.join(schemes)}{condition}.\n" if schemes else ""


def _form(operation: Schema) -> Schema:
    content = operation.get("requestBody", {}).get("content", {})
    return dict(content.get(FORM, {}).get("schema", {}))


def _render_parameters(parameters: list[Schema], form: Schema) -> str:
    """Return a table of the parameters, without query parameters that are fields of the form."""
    rows = [
        (
            format_code(one["name"]),
            one["in"],
            describe_values(one["schema"]),
            _describe_parameter(one),
        )
        for one in parameters
        if not (one["in"] == "query" and one["name"] in form.get("properties", ()))
    ]
    return format_table("parameter", "in", "value", "meaning", rows=rows) if rows else ""


def _describe_parameter(parameter: Schema) -> str:
    text = describe_meaning(parameter["schema"], parameter.get("description"))
    is_worth_saying = parameter.get("required") and parameter["in"] != "path"
    return text + (" Required." if is_worth_saying else "")


def _render_body(body: Schema | None, form: Schema) -> str:
    if body is None:
        return ""
    media_types = " or ".join(map(format_code, body["content"]))
    schemas = [
        describe_values(one["schema"])
        for one in body["content"].values()
        if "$ref" in one["schema"]
    ]
    of_schemas = f" of {', '.join(schemas)}" if schemas else ""
    rows = [*_form_rows(form)]
    fields = "\n" + format_table("field", "value", "meaning", "example", rows=rows) if rows else ""
    text = f"Body: {media_types}{of_schemas}. {body.get('description', '')}"
    return text.rstrip() + "\n" + fields


def _form_rows(form: Schema) -> Iterator[tuple[str, ...]]:
    for group in form.get("x-field-groups", ()):
        yield f"**{group['name']}**", "", "", ""
        for name in group["fields"]:
            one = form["properties"][name]
            examples = ", ".join(map(format_code, one.get("examples", ())))
            yield format_code(name), describe_values(one), describe_meaning(one), examples


def _render_responses(responses: Schema) -> str:
    rows = [
        (
            status,
            response["description"],
            _describe_content(response),
            ", ".join(map(format_code, response.get("headers", {}))),
        )
        for status, response in responses.items()
    ]
    return format_table("response", "meaning", "body", "headers", rows=rows)


def _describe_content(response: Schema) -> str:
    return ", ".join(
        describe_values(content["schema"])
        if "$ref" in content.get("schema", {})
        else format_code(media_type)
        for media_type, content in response.get("content", {}).items()
    )


def _render_examples(responses: Schema) -> Iterator[str]:
    """Yield the examples of the responses, without problems, which look alike everywhere."""
    for response in responses.values():
        for media_type, content in response.get("content", {}).items():
            if media_type != PROBLEM and "example" in content:
                yield _render_example(content["example"])


def _render_example(example: object) -> str:
    if isinstance(example, str):
        return f"```\n{example.rstrip()}\n```\n"
    return EXAMPLE.format(example=json.dumps(example, indent=2, ensure_ascii=False)).lstrip("\n")
