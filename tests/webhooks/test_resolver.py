"""Names are resolved off the event loop, and a lookup that hangs delays no other."""

import asyncio
import threading
from ipaddress import ip_address

import pytest

from imagemill.webhooks.public_addresses import Address
from imagemill.webhooks.resolver import NameUnresolved, Resolver

LOOPBACK = ip_address("127.0.0.1")


async def test_a_name_has_all_its_addresses() -> None:
    assert LOOPBACK in await Resolver(1).resolve("localhost")


@pytest.mark.parametrize("host", ["a..b", "a" * 64, "\ud800"])
async def test_an_unknown_name_is_unresolved(host: str) -> None:
    with pytest.raises(NameUnresolved):
        await Resolver(1).resolve(host)


async def test_a_canceled_lookup_counts_until_it_ends() -> None:
    hanging, released = threading.Event(), threading.Event()

    def look_up(host: str) -> tuple[Address, ...]:
        if host == "hangs":
            hanging.set()
            released.wait()
        return (LOOPBACK,)

    resolver = Resolver(1, look_up)
    first = asyncio.create_task(resolver.resolve("hangs"))
    await asyncio.to_thread(hanging.wait)
    first.cancel()
    second = asyncio.create_task(resolver.resolve("answers"))
    done, _ = await asyncio.wait({second}, timeout=0.1)
    assert not done
    released.set()
    assert await second == (LOOPBACK,)


async def test_a_hanging_lookup_delays_no_other() -> None:
    released = threading.Event()

    def look_up(host: str) -> tuple[Address, ...]:
        if host == "hangs":
            released.wait()
        return (LOOPBACK,)

    resolver = Resolver(2, look_up)
    hanging = asyncio.create_task(resolver.resolve("hangs"))
    assert await resolver.resolve("answers") == (LOOPBACK,)
    assert not hanging.done()
    released.set()
    await hanging
