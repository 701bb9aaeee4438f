"""Which addresses a URL leads to, and whether each of them may be called."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from imagemill.errors import Rejected
from imagemill.webhooks.public import Address, is_public
from imagemill.webhooks.url import CallbackUrl

# All addresses of a name. Raises NameUnresolved.
Resolve = Callable[[str], Awaitable[tuple[Address, ...]]]


class AddressRefused(Rejected):
    """The URL leads to an address that is not public."""


@dataclass(frozen=True, slots=True)
class Vetting:
    """Resolves and judges; `allow_private` lets everything pass."""

    resolve: Resolve
    allow_private: bool

    async def addresses(self, url: CallbackUrl) -> tuple[Address, ...]:
        """Return all addresses that the URL leads to at this moment, every one of them public.

        Raises AddressRefused when a single one is not, NameUnresolved.
        """
        named = url.address
        addresses = (named,) if named else await self.resolve(url.host)
        if not self.allow_private and not all(is_public(address) for address in addresses):
            # Which address is none of the client's business: it may be one inside our network.
            raise AddressRefused(f"{url.host} leads to an address that is not public.")
        return addresses
