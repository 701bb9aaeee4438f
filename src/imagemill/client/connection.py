"""What both clients tell httpx about the server."""

import ssl
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from imagemill.client.backoff import MAX_TRIES

DEFAULT_URL: Final = "http://127.0.0.1:8000"


@dataclass(frozen=True, slots=True)
class Connection:
    """The address of a server, and how it is talked to.

    `api_key` is sent with every request. Each request is tried up to `max_tries` times. `verify`
    is whether certificates are checked, or the context that checks them; `trust_env` whether the
    proxies that the environment names are used. Raises ValueError.
    """

    url: str = DEFAULT_URL
    api_key: str | None = field(default=None, repr=False)
    max_tries: int = MAX_TRIES
    verify: bool | ssl.SSLContext = True
    trust_env: bool = True

    def __post_init__(self) -> None:
        if not is_http_url(self.url):
            raise ValueError(f"{self.url!r} is not a URL such as {DEFAULT_URL}.")
        if self.api_key is not None and not (self.api_key.isascii() and self.api_key.isprintable()):
            raise ValueError("The API key has characters that an HTTP header cannot carry.")

    def for_httpx(self) -> dict[str, Any]:
        """Return the arguments of httpx' clients."""
        return {
            "base_url": self.url,
            "headers": {"Authorization": f"Bearer {self.api_key}"} if self.api_key else {},
            "verify": self.verify,
            "trust_env": self.trust_env,
        }


def is_http_url(text: str) -> bool:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        return False
    return url.scheme in {"http", "https"} and bool(url.host)
