"""When the gateway is ready to be used."""

import asyncio
from http import HTTPStatus
from typing import Final

import httpx

from imagemill.embedded.errors import EmbeddedError

POLL_SECONDS: Final = 0.05
PATIENCE_SECONDS: Final = 120.0


async def until_ready(url: str, patience_seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until `/readyz` answers 200. Raises EmbeddedError when that takes too long."""
    # Without the machine's proxy settings: the gateway is here.
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=10) as client:
        try:
            async with asyncio.timeout(patience_seconds):
                while True:
                    if await _is_ready(client):
                        return
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError as error:
            raise EmbeddedError(
                f"{url}/readyz did not answer 200 within {patience_seconds:.0f} s:"
                " see above for what the gateway said."
            ) from error


async def _is_ready(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/readyz")).status_code == HTTPStatus.OK
    except httpx.TransportError:
        return False
