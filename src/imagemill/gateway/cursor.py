"""Pagination cursors, opaque to clients: the id of the last job on a page."""

import base64
import binascii
from typing import Final
from uuid import UUID

from imagemill.field_errors import FieldError, InvalidFields
from imagemill.jobs.job import JobId

# 16 bytes in base64. Not for clients: generators of test requests read it in the OpenAPI document.
CURSOR_PATTERN: Final = "^[A-Za-z0-9_-]{22}$"


def encode_cursor(job_id: JobId) -> str:
    return base64.urlsafe_b64encode(job_id.bytes).decode().rstrip("=")


def decode_cursor(cursor: str) -> JobId:
    """Return the id in the cursor. Raises InvalidFields."""
    try:
        return JobId(UUID(bytes=base64.b64decode(cursor + "==", altchars=b"-_", validate=True)))
    except (ValueError, binascii.Error):
        raise InvalidFields(FieldError("/query/cursor", "is not a valid cursor")) from None
