"""A route on the page: what it takes, what it answers, and how that looks."""

import json
from collections.abc import Iterator
from typing import Any, Final

from apidocs.words import code, meaning, table, words

Schema = dict[str, Any]

PROBLEM: Final = "application/problem+json"
FORM: Final = "multipart/form-data"
EXAMPLE: Final = """
```json
{example}
```
"""


def route(method: str, path: str, operation: Schema) -> str:
    """Return the section of a route."""
    form = _form(operation)
    parts = [
        f"### {method.upper()} {path}\n",
        f"**{operation['summary']}.** {operation.get('description', '')}\n",
        _needs(operation),
        _parameters(operation.get("parameters", []), form),
        _body(operation.get("requestBody"), form),
        _answers(operation["responses"]),
        *_examples(operation["responses"]),
    ]
    return "\n".join(part for part in parts if part)


def _needs(operation: Schema) -> str:
    schemes = [name for one in operation.get("security", []) for name in one]
    optional = ", once there is one" if {} in operation.get("security", []) else ""
    return f"Needs an {' or '.join(schemes)}{optional}.\n" if schemes else ""


def _form(operation: Schema) -> Schema:
    content = operation.get("requestBody", {}).get("content", {})
    return dict(content.get(FORM, {}).get("schema", {}).get("properties", {}))


def _parameters(parameters: list[Schema], form: Schema) -> str:
    """Return the table of parameters, but for those that are the form's fields once more."""
    rows = [
        (code(one["name"]), one["in"], words(one["schema"]), _about(one))
        for one in parameters
        if not (one["in"] == "query" and one["name"] in form)
    ]
    return table("parameter", "in", "value", "meaning", rows=rows) if rows else ""


def _about(parameter: Schema) -> str:
    said = meaning(parameter["schema"], parameter.get("description"))
    return said + (" Required." if parameter.get("required") and parameter["in"] != "path" else "")


def _body(body: Schema | None, form: Schema) -> str:
    if body is None:
        return ""
    kinds = " or ".join(code(kind) for kind in body["content"])
    said = body.get("description", "")
    schemas = [words(one["schema"]) for one in body["content"].values() if "$ref" in one["schema"]]
    named = f" of {', '.join(schemas)}" if schemas else ""
    rows = [(code(name), words(one), meaning(one)) for name, one in form.items()]
    fields = "\n" + table("field", "value", "meaning", rows=rows) if rows else ""
    return f"Body: {kinds}{named}. {said}".rstrip() + "\n" + fields


def _answers(responses: Schema) -> str:
    rows = [
        (
            status,
            answer["description"],
            _content(answer),
            ", ".join(code(name) for name in answer.get("headers", {})),
        )
        for status, answer in responses.items()
    ]
    return table("answer", "meaning", "body", "headers", rows=rows)


def _content(answer: Schema) -> str:
    return ", ".join(
        words(content["schema"]) if "$ref" in content.get("schema", {}) else code(kind)
        for kind, content in answer.get("content", {}).items()
    )


def _examples(responses: Schema) -> Iterator[str]:
    """Yield what answers look like that are no problems: those look alike everywhere."""
    for answer in responses.values():
        for kind, content in answer.get("content", {}).items():
            if kind != PROBLEM and "example" in content:
                yield _example(content["example"])


def _example(example: object) -> str:
    if isinstance(example, str):
        return f"```\n{example.rstrip()}\n```\n"
    return EXAMPLE.format(example=json.dumps(example, indent=2, ensure_ascii=False)).lstrip("\n")
