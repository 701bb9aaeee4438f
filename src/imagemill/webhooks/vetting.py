"""Protection against server-side request forgery: URLs resolve to public addresses only."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from imagemill.errors import Rejected
from imagemill.webhooks.public_addresses import Address, is_public
from imagemill.webhooks.url import CallbackUrl

# Returns all addresses of a name. Raises NameUnresolved.
Resolve = Callable[[str], Awaitable[tuple[Address, ...]]]


class AddressRefused(Rejected):
    """The URL resolves to an address that is not public."""


@dataclass(frozen=True, slots=True)
class Vetting:
    """Resolves URLs. With `allow_private`, addresses that are not public are allowed too."""

    resolve_name: Resolve
    allow_private: bool

    async def resolve(self, url: CallbackUrl) -> tuple[Address, ...]:
        """Return all addresses of the URL's host at this moment.

        Raises AddressRefused if any of them is not public, NameUnresolved.
        """
        literal = url.address
        addresses = (literal,) if literal else await self.resolve_name(url.host)
        if not self.allow_private and not all(is_public(address) for address in addresses):
            # Without the address, which would reveal the network to the client.
            raise AddressRefused(f"{url.host} resolves to an address that is not public.")
        return addresses
