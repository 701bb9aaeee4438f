"""Idempotency-Key: a client that got no response can repeat its upload, and still has one job.

The header is that of draft-ietf-httpapi-idempotency-key-header; the value is used as it is, with or
without quotes. The table of keys is in jobs/idempotency.py.
"""

import hashlib
import json
from dataclasses import fields
from typing import Final

from fastapi import Request

from imagemill.field_errors import FieldError, InvalidFields
from imagemill.gateway.auth.caller import Caller
from imagemill.job_request import JobRequest
from imagemill.jobs.idempotency import KeyedJob
from imagemill.jobs.job import IdempotencyKey, Job

HEADER: Final = "Idempotency-Key"
POINTER: Final = f"/headers/{HEADER}"
MAX_CHARACTERS: Final = 255

# On the response with a job that an earlier upload created.
REPLAYED_HEADER: Final = {"Idempotent-Replayed": "true"}


def read_idempotency_key(request: Request) -> str | None:
    """Return the request's key, if it has one. Raises InvalidFields."""
    values = request.headers.getlist(HEADER)
    if not values:
        return None
    if len(values) > 1:
        raise InvalidFields(FieldError(POINTER, f"is given {len(values)} times"))
    key = _decode(values[0])
    if not 1 <= len(key) <= MAX_CHARACTERS:
        raise InvalidFields(
            FieldError(POINTER, f"has {len(key)} characters; 1 to {MAX_CHARACTERS} are allowed")
        )
    return key


def upload_key(
    key: str, caller: Caller, image_sha256: str, job_request: JobRequest
) -> IdempotencyKey:
    """Return the caller's key, bound to the image and the fields of the upload."""
    return IdempotencyKey(key, content_sha256(image_sha256, job_request), caller.key_id)


def content_sha256(image_sha256: str, job_request: JobRequest) -> bytes:
    """Return a digest of an upload: equal for the same image (SHA-256 in hex) and the same fields.

    A preset counts by its name: if an operator changed it since, a repeated upload still gets its
    job, not an error. Absent fields do not count, so that fields added by a later version leave
    digests as they are.
    """
    content = {one.name: getattr(job_request, one.name) for one in fields(job_request)}
    content["pipeline"] = None if job_request.preset else job_request.pipeline.as_json()
    present = {name: value for name, value in content.items() if value is not None}
    text = json.dumps([image_sha256, present], sort_keys=True)
    return hashlib.sha256(text.encode()).digest()


def require_same_content(keyed: KeyedJob, key: IdempotencyKey) -> Job:
    """Return the job of the key. Raises InvalidFields if the key was used for other content."""
    if keyed.content_sha256 != key.content_sha256:
        raise InvalidFields(
            FieldError(POINTER, "was used for another image or other fields; choose a new key")
        )
    return keyed.job


def _decode(value: str) -> str:
    """Return a header's value as text: Starlette decodes it as Latin-1, and it may be UTF-8."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeDecodeError:
        return value
