"""Whether a callback URL leads to a public address, asked before a job is accepted.

The worker asks again at each try, and that is what protects: this is to tell the client early. So a
name that does not resolve, or not in time, is accepted.
"""

import asyncio
from contextlib import suppress
from typing import Final

from imagemill.field_errors import FieldError, InvalidFields
from imagemill.webhooks.names import NameUnresolved
from imagemill.webhooks.url import parse_callback_url
from imagemill.webhooks.vetting import AddressRefused, Vetting

LOOKUP_SECONDS: Final = 3.0
# At once; while the name servers of so many are silent, other names are accepted unasked.
MOST_LOOKUPS: Final = 32


async def require_public(callback_url: str | None, vetting: Vetting) -> None:
    """Raise InvalidFields when the URL leads to an address that is not public."""
    if callback_url is None:
        return
    try:
        with suppress(TimeoutError, NameUnresolved):
            async with asyncio.timeout(LOOKUP_SECONDS):
                await vetting.addresses(parse_callback_url(callback_url))
    except AddressRefused:
        raise InvalidFields(
            FieldError("/callback_url", "leads to an address that is not public")
        ) from None
