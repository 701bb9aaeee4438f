"""Start-up check: without an API key the gateway listens on loopback addresses only."""

import ipaddress
import socket

from imagemill.errors import SettingsError
from imagemill.gateway.services import Services


def is_loopback(host: str) -> bool:
    """Return whether every address of the host is a loopback address.

    Raises SettingsError for a name without an address.
    """
    if not host:  # asyncio listens on every interface
        return False
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise SettingsError(f"--host {host} is not usable: it has no address.") from error
    return all(ipaddress.ip_address(address).is_loopback for *_, (address, *_) in found)


async def require_key_or_loopback(services: Services, host: str) -> None:
    """Raise SettingsError if the gateway would accept requests from other machines without a key.

    Call it immediately before listening. Raises DatabaseUnavailable.
    """
    if services.allows_anonymous or (await services.key_loader.look_up(None)).any_exists:
        return
    raise SettingsError(
        f"--host {host or repr('')} is reachable from other machines, and no API key exists: create"
        " one with `imagemill keys add NAME`, or set ALLOW_ANONYMOUS=true to accept requests from"
        " anyone."
    )
