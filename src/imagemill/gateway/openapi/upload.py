"""The request of `POST /upload` in OpenAPI. FastAPI does not know it: the body is streamed."""

from typing import Any, Final

from imagemill.gateway.openapi.components import REF
from imagemill.gateway.openapi.form_fields import group_form
from imagemill.gateway.openapi.headers import request_headers
from imagemill.gateway.upload.multipart import FILE_FIELD
from imagemill.imaging.spec.pipeline import Output, Pipeline
from imagemill.job_request import DEFAULT_PRESET, SHORTHAND_NAME
from imagemill.jobs.job import Priority
from imagemill.webhooks.url import MAX_LENGTH

BINARY: Final = {"type": "string", "format": "binary"}

HEADERS: Final = ("X-Filename", "Idempotency-Key", "Repr-Digest", "Prefer")

Schema = dict[str, Any]


def upload_operation() -> Schema:
    """Return the `requestBody` and `parameters` of `POST /upload`."""
    fields = _fields()
    form = group_form({FILE_FIELD: BINARY | {"description": "The image."}} | fields)
    return {
        "requestBody": {
            "required": True,
            "description": "A form with the image as `file`, or the bare image with the other "
            "fields as query parameters. The fields of an Output are shorthand for a pipeline of "
            f"one output named `{SHORTHAND_NAME}`. Without preset, pipeline and shorthand, the "
            f"preset `{DEFAULT_PRESET}` is used.",
            "content": {
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "required": [FILE_FIELD],
                        "additionalProperties": False,
                        **form,
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
        + request_headers(*HEADERS)["parameters"],
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
            "description": f"The queue of the job; `{Priority.NORMAL}` by default.",
        },
        "metadata": {
            "type": "string",
            "description": "A JSON object of up to 4 KiB, returned unchanged.",
            "contentMediaType": "application/json",
            "contentSchema": {"type": "object"},
        },
        "callback_url": {
            "type": "string",
            "format": "uri",
            "maxLength": MAX_LENGTH,
            "description": "An http or https URL at a public address that receives a webhook when "
            "the job ends.",
        },
    }
    shorthand = Output.model_json_schema(ref_template=REF)["properties"]
    return own | {name: _text_field(schema) for name, schema in shorthand.items()}


def _text_field(schema: Schema) -> Schema:
    """Return the schema of an Output's field as text in a form or query.

    Without its default: Swagger UI would send it along.
    """
    options = [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
    description = schema["description"]
    if any("$ref" in one or one.get("type") == "object" for one in options):
        return {"type": "string", "description": f"{description} Objects are written as JSON."}
    plain: Schema = {}
    for option in options:
        plain |= {name: value for name, value in option.items() if name not in {"default", "title"}}
    kinds = [option["type"] for option in options]
    return plain | {
        "type": kinds if len(kinds) > 1 else kinds[0],
        "description": description,
    }
