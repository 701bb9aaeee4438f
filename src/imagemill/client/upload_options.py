"""Keyword arguments of an upload, and the form fields that they become."""

import json
from collections.abc import Mapping
from typing import Any, Final, Literal

from imagemill.client.pipeline import Output, Pipeline
from imagemill.jobs.job import Priority

# These are sent as headers, or with the file.
NOT_FIELDS: Final = frozenset({"filename", "idempotency_key", "wait"})


class UploadOptions(Output, total=False):
    """The fields of an output, or instead of them `preset` or `pipeline`; and the options below.

    `filename`: unless given, that of the path or the file.
    `idempotency_key`: unless given, a new one for this upload, which its retries repeat.
    `wait`: how many seconds the server may wait for the job to end before it answers, up to 55.
    """

    preset: str
    pipeline: Pipeline
    priority: Priority | Literal["high", "normal", "low"]
    callback_url: str
    metadata: Mapping[str, Any]
    filename: str
    idempotency_key: str
    wait: float


def to_fields(options: UploadOptions) -> dict[str, str]:
    """Return the form fields; None is an option that was not given."""
    return {
        name: to_form_value(value)
        for name, value in options.items()
        if name not in NOT_FIELDS and value is not None
    }


def to_form_value(value: object) -> str:
    """Return the value as a form field carries it: text as it is, all else as JSON."""
    return str(value) if isinstance(value, str) else json.dumps(value)
