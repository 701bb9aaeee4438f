"""What `POST /upload` takes, in OpenAPI's words. FastAPI cannot know: the body is streamed."""

from typing import Any, Final

from imagemill.gateway.openapi.headers import asks_for
from imagemill.gateway.upload.multipart import FILE_FIELD
from imagemill.imaging.spec.pipeline import Output, Pipeline
from imagemill.job_request import DEFAULT_PRESET, SHORTHAND_NAME
from imagemill.jobs.job import Priority
from imagemill.webhooks.url import MAX_LENGTH

REF: Final = "#/components/schemas/{model}"
BINARY: Final = {"type": "string", "format": "binary"}

HEADERS: Final = ("X-Filename", "Idempotency-Key", "Repr-Digest", "Prefer")

Schema = dict[str, Any]


def upload_operation() -> Schema:
    """Return what `POST /upload` takes, in OpenAPI's words."""
    fields = _fields()
    form = {FILE_FIELD: BINARY | {"description": "The image."}} | fields
    return {
        "requestBody": {
            "required": True,
            "description": "A form with the image as `file`, or the image itself; then the other "
            "fields are query parameters. Those of an Output are shorthand for a pipeline of one "
            f"output named `{SHORTHAND_NAME}`. Without preset, pipeline and shorthand the preset "
            f"`{DEFAULT_PRESET}` is taken.",
            "content": {
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "required": [FILE_FIELD],
                        "properties": form,
                        "additionalProperties": False,
                    },
                    "encoding": {name: {"contentType": "text/plain"} for name in fields},
                },
                "image/*": {"schema": BINARY},
                "application/octet-stream": {"schema": BINARY},
            },
        },
        "parameters": [
            {
                "name": name,
                "in": "query",
                "required": False,
                "description": schema.get("description", ""),
                "schema": schema,
            }
            for name, schema in fields.items()
        ]
        + asks_for(*HEADERS)["parameters"],
    }


def _fields() -> Schema:
    own: Schema = {
        "preset": {
            "type": "string",
            "description": "A name from `GET /presets`.",
        },
        "pipeline": {
            "type": "string",
            "description": "A Pipeline as JSON.",
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": REF.format(model=Pipeline.__name__)},
        },
        "priority": {
            "type": "string",
            "enum": list(Priority),
            "description": f"Which line the job waits in; `{Priority.NORMAL}` unless given.",
        },
        "metadata": {
            "type": "string",
            "description": "A JSON object of up to 4 KiB, given back unchanged.",
            "contentMediaType": "application/json",
            "contentSchema": {"type": "object"},
        },
        "callback_url": {
            "type": "string",
            "format": "uri",
            "maxLength": MAX_LENGTH,
            "description": "http or https URL at a public address that gets a webhook when the job "
            "ends",
        },
    }
    shorthand = Output.model_json_schema(ref_template=REF)["properties"]
    return own | {name: _as_text(schema) for name, schema in shorthand.items()}


def _as_text(schema: Schema) -> Schema:
    """Return a field of an Output as a form or a query carries it.

    Without its default: the page would fill it in and send it along, asked for or not.
    """
    options = [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
    description = schema["description"]
    if any("$ref" in one or one.get("type") == "object" for one in options):
        return {"type": "string", "description": f"{description} An object is written as JSON."}
    plain: Schema = {}
    for option in options:
        plain |= {name: value for name, value in option.items() if name not in {"default", "title"}}
    kinds = [option["type"] for option in options]
    return plain | {
        "type": kinds if len(kinds) > 1 else kinds[0],
        "description": description,
    }
