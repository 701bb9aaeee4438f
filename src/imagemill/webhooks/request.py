"""The HTTP request of one try to send a webhook."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

# From the DNS lookup to the headers of the response; its body is not read.
TRY_TIMEOUT_SECONDS: Final = 15.0


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """Address, headers and body. `traceparent` is the trace of the job."""

    url: str
    headers: Mapping[str, str]
    body: str
    traceparent: str | None = None
