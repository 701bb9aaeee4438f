"""What schemathesis is told of imagemill that no OpenAPI document can say.

It is loaded by schemathesis, not by pytest: see schemathesis.toml. No check is switched off and
no failure is let pass; uploads are brought into a shape in which the checks mean something.
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

# Random bytes are 415, as they should be. What is to be judged is what comes after that.
PICTURES = [picture(8, 6, name) for name in ("JPEG", "PNG", "WEBP", "GIF")]
for media_type in ("image/*", "application/octet-stream"):
    schemathesis.openapi.media_type(media_type, st.sampled_from(PICTURES))

# Nobody listens there. Whatever else is generated could lead out of this machine.
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
    "watermark": '{"text": "mill"}',
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
        _make_sense(case, kwargs)
    elif case.meta.components[BODY].mode.is_positive:
        _leave_what_is_wrong(case, case.meta.phase.data, kwargs)


def _make_sense(case: Case, kwargs: Fields) -> None:
    """Mend what only the service knows to be wrong: its message is what this goes by."""
    form: Fields = case.body if isinstance(case.body, dict) else {}
    image = _image(form["file"] if form else case.body)
    given = {**(case.query or {}), **{name: form[name] for name in form if name != "file"}}
    fields = _accepted(_one_way(given))
    # A field in the form and in the query is given twice.
    case.query = {} if form else fields
    _send(image, fields, case, kwargs)
    if "Idempotency-Key" in case.headers:
        # Under the same key another upload is 422.
        whole = repr((image, sorted(fields.items()))).encode()
        case.headers["Idempotency-Key"] = sha256(whole).hexdigest()
    if "Repr-Digest" in case.headers:
        case.headers["Repr-Digest"] = f"sha-256=:{b64encode(sha256(image).digest()).decode()}:"


def _leave_what_is_wrong(case: Case, made: PhaseData | CoveragePhaseData, kwargs: Fields) -> None:
    """Let a parameter that is to be refused be the only reason to refuse the request."""
    wrong = {mutation.parameter for mutation in made.mutations} | {made.parameter}
    if wrong & case.query.keys():
        case.query = {name: case.query[name] for name in case.query if name in wrong}
    _send(PICTURES[0], {}, case, kwargs)


def _send(image: bytes, fields: Fields, case: Case, kwargs: Fields) -> None:
    """Replace the body. Beside the case: of a binary body in it nothing counts as valid."""
    if isinstance(case.body, dict):
        texts = [(name, (None, _text(value))) for name, value in fields.items()]
        kwargs["files"] = [("file", ("cat.jpg", image)), *texts]
    else:
        kwargs["data"] = image


def _image(content: object) -> bytes:
    is_image = isinstance(content, bytes) and sniff(content) is not None
    return content if is_image and isinstance(content, bytes) else _pick(PICTURES, content)


def _one_way(given: Fields) -> Fields:
    """Keep one of preset, pipeline and shorthand: together they are 422."""
    shorthand = given.keys() - OWN_FIELDS
    ways = [{"preset"}, {"pipeline"}, shorthand]
    kept = _pick([way for way in ways if way & given.keys()] or ways, given)
    fields = {name: given[name] for name in given if name in kept | {"priority", "metadata"}}
    return fields | ({"callback_url": CALLBACK_URL} if "callback_url" in given else {})


def _accepted(fields: Fields) -> Fields:
    """Replace what is refused by a sample, and leave it out when that is refused too."""
    while blamed := _blamed(fields):
        mended = {
            name: SAMPLES[name] for name in blamed & SAMPLES.keys() if fields[name] != SAMPLES[name]
        }
        fields = {name: value for name, value in fields.items() if name not in blamed} | mended
    return fields


def _blamed(fields: Fields) -> set[str]:
    try:
        parse_fields([(name, _text(value)) for name, value in fields.items()], BUILT_IN)
    except InvalidFields as error:
        steps = {step for one in error.errors for step in one.pointer.split("/")}
        return steps & fields.keys() or set(fields)
    return set()


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _pick(options: list[Option], of: object) -> Option:
    """Choose by what was drawn, so that the same seed chooses the same."""
    return options[zlib.crc32(repr(of).encode()) % len(options)]
