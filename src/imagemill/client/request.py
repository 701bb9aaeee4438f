"""A request as a value: `Operations` makes it, and `Client` and `AsyncClient` send it."""

from collections.abc import AsyncIterable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from imagemill.client.download import Download
from imagemill.client.upload_body import UploadBody

CONNECT_TIMEOUT_SECONDS: Final = 10
# Longer than a slow disk takes to sync an upload, and twice the pause between comments of a stream.
READ_TIMEOUT_SECONDS: Final = 30


@dataclass(frozen=True, slots=True)
class Request:
    """One request; it is sent after `delay_seconds`.

    A successful response is written to `download`, if there is one. The server may hold back its
    response for `wait_seconds`.
    """

    method: str
    path: str
    query: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    body: UploadBody | None = None
    download: Download | None = None
    wait_seconds: float = 0
    delay_seconds: float = 0

    def build(
        self,
        http: httpx.Client | httpx.AsyncClient,
        content: Iterable[bytes] | AsyncIterable[bytes] | None,
    ) -> httpx.Request:
        """Return the request for httpx; `content` is the body as the client can read it."""
        own = self.body.headers() if self.body else {}
        read = READ_TIMEOUT_SECONDS + self.wait_seconds
        return http.build_request(
            self.method,
            self.path,
            params=list(self.query),
            headers={**self.headers, **own},
            content=content,
            json=self.json,
            timeout=httpx.Timeout(read, connect=CONNECT_TIMEOUT_SECONDS, pool=None),
        )
