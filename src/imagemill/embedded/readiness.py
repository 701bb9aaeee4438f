"""Wait until the gateway is ready."""

import asyncio
from http import HTTPStatus
from typing import Final

import httpx

from imagemill.embedded.errors import EmbeddedError

POLL_SECONDS: Final = 0.05
READY_TIMEOUT_SECONDS: Final = 120.0


async def wait_until_ready(url: str, timeout_seconds: float = READY_TIMEOUT_SECONDS) -> None:
    """Wait until `/readyz` answers 200. Raises EmbeddedError after the time-out."""
    # Without the environment's proxies: the gateway is local.
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=10) as client:
        try:
            async with asyncio.timeout(timeout_seconds):
                while True:
                    if await _is_ready(client):
                        return
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError as error:
            raise EmbeddedError(
                f"{url}/readyz did not answer 200 within {timeout_seconds:.0f} s:"
                " the gateway's output above may say why."
            ) from error


async def _is_ready(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/readyz")).status_code == HTTPStatus.OK
    except httpx.TransportError:
        return False
