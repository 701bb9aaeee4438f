"""Idempotency-Key: a client that got no answer sends its upload again, and has one job.

The header is that of draft-ietf-httpapi-idempotency-key-header; its value is taken as it comes, in
quotes or without. What the ledger does with it stands in jobs/idempotency.py.
"""

import hashlib
import json
from dataclasses import fields
from typing import Final

from fastapi import Request

from imagemill.field_errors import FieldError, InvalidFields
from imagemill.gateway.auth.caller import Caller
from imagemill.job_request import JobRequest
from imagemill.jobs.idempotency import IdempotencyKey, KeyedJob
from imagemill.jobs.job import Job

HEADER: Final = "Idempotency-Key"
POINTER: Final = f"/headers/{HEADER}"
MAX_CHARACTERS: Final = 255

# Goes along with a job that an earlier upload made.
REPLAYED: Final = {"Idempotent-Replayed": "true"}


def sent_key(request: Request) -> str | None:
    """Return the key that came with the request, if one did. Raises InvalidFields."""
    values = request.headers.getlist(HEADER)
    if not values:
        return None
    if len(values) > 1:
        raise InvalidFields(FieldError(POINTER, f"is given {len(values)} times"))
    key = _as_sent(values[0])
    if not 1 <= len(key) <= MAX_CHARACTERS:
        raise InvalidFields(
            FieldError(POINTER, f"has {len(key)} characters, and not 1 to {MAX_CHARACTERS}")
        )
    return key


def upload_key(key: str, caller: Caller, image_sha256: str, asked: JobRequest) -> IdempotencyKey:
    """Return the key with what it stands for: the image and all that is asked for."""
    return IdempotencyKey(key, content_sha256(image_sha256, asked), caller.key_id)


def content_sha256(image_sha256: str, asked: JobRequest) -> bytes:
    """Return a digest of an upload: equal for the same image, in hex, and the same request.

    A preset counts by its name. An upload is the same as before though an operator has changed the
    preset since, and its client is to get its job again, not a refusal. What is absent does not
    count, so that fields which a later version adds change no digest.
    """
    whole = {one.name: getattr(asked, one.name) for one in fields(asked)}
    whole["pipeline"] = None if asked.preset else asked.pipeline.as_json()
    counted = {name: value for name, value in whole.items() if value is not None}
    text = json.dumps([image_sha256, counted], sort_keys=True)
    return hashlib.sha256(text.encode()).digest()


def require_same(keyed: KeyedJob, key: IdempotencyKey) -> Job:
    """Return the job that the key stands for. Raises InvalidFields if it was for other content."""
    if keyed.content_sha256 != key.content_sha256:
        raise InvalidFields(
            FieldError(POINTER, "was sent with another image or other fields; take a new key")
        )
    return keyed.job


def _as_sent(value: str) -> str:
    """Return the text that a header's bytes are, which reach us as Latin-1 and may be UTF-8."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeDecodeError:
        return value
