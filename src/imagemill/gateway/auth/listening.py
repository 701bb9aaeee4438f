"""Where a gateway may listen that has no API key: on this machine, unless it is told otherwise."""

import ipaddress
import socket

from imagemill.gateway.services import Services
from imagemill.settings.values import SettingsError


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches who listens on the host, by all of its addresses.

    Raises SettingsError for a name that has none.
    """
    if not host:  # every interface, as asyncio has it
        return False
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise SettingsError(f"--host {host} is not usable: it names no address.") from error
    return all(ipaddress.ip_address(address).is_loopback for *_, (address, *_) in found)


async def require_keys(parts: Services, host: str) -> None:
    """Return when the gateway may listen on the host; ask the moment before it does.

    Raises SettingsError, DatabaseUnavailable.
    """
    if parts.allows_anonymous or (await parts.key_loader.look_up(None)).any_exists:
        return
    raise SettingsError(
        f"--host {host or repr('')} is reached from other machines, and there is no API key to ask"
        " for: make one with `imagemill keys add NAME`, or set ALLOW_ANONYMOUS=true to let in"
        " whoever reaches it."
    )
