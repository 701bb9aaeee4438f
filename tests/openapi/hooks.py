"""Hooks for schemathesis: what it needs to know that OpenAPI cannot express.

Loaded by schemathesis, not by pytest: see schemathesis.toml. No check is disabled and no failure is
ignored; generated uploads are changed so that the checks are meaningful.
"""

import json
import zlib
from base64 import b64encode
from hashlib import sha256
from typing import Any, TypeVar

import schemathesis
from hypothesis import strategies as st
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.meta import CoveragePhaseData, PhaseData

from imagemill.field_errors import InvalidFields
from imagemill.imaging.formats import sniff
from imagemill.imaging.spec.presets import BUILT_IN
from imagemill.job_request import OWN_FIELDS, parse_fields
from support.pictures import picture

Option = TypeVar("Option")
Case = schemathesis.Case[Any]
Fields = dict[str, Any]
BODY = ParameterLocation.BODY

# Random bytes are 415. The checks are about what follows.
PICTURES = [picture(8, 6, name) for name in ("JPEG", "PNG", "WEBP", "GIF")]
for media_type in ("image/*", "application/octet-stream"):
    schemathesis.openapi.media_type(media_type, st.sampled_from(PICTURES))

# Nothing listens there. A generated URL could lead to another machine.
CALLBACK_URL = "http://127.0.0.1:1024/hook"

# JSON in a form's text: a schema says "string".
SAMPLES = {
    "preset": "thumbnail",
    "pipeline": '{"outputs": [{"name": "a", "width": 4}, {"name": "b"}], "analyze": ["phash"]}',
    "metadata": '{"album": "42"}',
    "crop": '{"left": 1, "top": 1, "width": 4, "height": 4}',
    "modulate": '{"brightness": 1.5}',
    "pad": '{"top": 2}',
    "position": '{"x": 0.5, "y": 0.25}',
    "watermark": '{"text": "image"}',
}


@schemathesis.hook
def before_call(
    context: schemathesis.HookContext,  # noqa: ARG001 - hooks are called with it
    case: Case,
    kwargs: Fields,
) -> None:
    if case.operation.label != "POST /upload" or case.meta is None:
        return
    if case.meta.generation.mode.is_positive:
        _make_valid(case, kwargs)
    elif case.meta.components[BODY].mode.is_positive:
        _isolate_invalid(case, case.meta.phase.data, kwargs)


def _make_valid(case: Case, kwargs: Fields) -> None:
    """Replace values that the schema allows and the service refuses, as its errors say."""
    form: Fields = case.body if isinstance(case.body, dict) else {}
    image = _image(form["file"] if form else case.body)
    given = {**(case.query or {}), **{name: form[name] for name in form if name != "file"}}
    fields = _replace_refused(_keep_one_source(given))
    # A field in the form and in the query is given twice.
    case.query = {} if form else fields
    _send(image, fields, case, kwargs)
    if "Idempotency-Key" in case.headers:
        # Under the same key another upload is 422.
        whole = repr((image, sorted(fields.items()))).encode()
        case.headers["Idempotency-Key"] = sha256(whole).hexdigest()
    if "Repr-Digest" in case.headers:
        case.headers["Repr-Digest"] = f"sha-256=:{b64encode(sha256(image).digest()).decode()}:"


def _isolate_invalid(case: Case, made: PhaseData | CoveragePhaseData, kwargs: Fields) -> None:
    """Make the invalid parameter the only reason to refuse the request."""
    wrong = {mutation.parameter for mutation in made.mutations} | {made.parameter}
    if wrong & case.query.keys():
        case.query = {name: case.query[name] for name in case.query if name in wrong}
    _send(PICTURES[0], {}, case, kwargs)


def _send(image: bytes, fields: Fields, case: Case, kwargs: Fields) -> None:
    """Replace the body, outside the case: schemathesis considers a binary body in it invalid."""
    if isinstance(case.body, dict):
        texts = [(name, (None, _text(value))) for name, value in fields.items()]
        kwargs["files"] = [("file", ("cat.jpg", image)), *texts]
    else:
        kwargs["data"] = image


def _image(content: object) -> bytes:
    is_image = isinstance(content, bytes) and sniff(content) is not None
    return content if is_image and isinstance(content, bytes) else _pick(PICTURES, content)


def _keep_one_source(given: Fields) -> Fields:
    """Keep one of preset, pipeline and shorthand: together they are 422."""
    shorthand = given.keys() - OWN_FIELDS
    ways = [{"preset"}, {"pipeline"}, shorthand]
    kept = _pick([way for way in ways if way & given.keys()] or ways, given)
    fields = {name: given[name] for name in given if name in kept | {"priority", "metadata"}}
    return fields | ({"callback_url": CALLBACK_URL} if "callback_url" in given else {})


def _replace_refused(fields: Fields) -> Fields:
    """Replace a refused value by a sample; remove the field if that is refused too."""
    while refused := _refused(fields):
        replaced = {
            name: SAMPLES[name]
            for name in refused & SAMPLES.keys()
            if fields[name] != SAMPLES[name]
        }
        fields = {name: value for name, value in fields.items() if name not in refused} | replaced
    return fields


def _refused(fields: Fields) -> set[str]:
    try:
        parse_fields([(name, _text(value)) for name, value in fields.items()], BUILT_IN)
    except InvalidFields as error:
        steps = {step for one in error.errors for step in one.pointer.split("/")}
        return steps & fields.keys() or set(fields)
    return set()


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _pick(options: list[Option], of: object) -> Option:
    """Choose deterministically, by the generated value."""
    return options[zlib.crc32(repr(of).encode()) % len(options)]
