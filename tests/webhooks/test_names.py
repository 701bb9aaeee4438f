"""Names are looked up off the event loop, and one that hangs keeps nobody else waiting."""

import asyncio
import threading
from ipaddress import ip_address

import pytest

from imagemill.webhooks.names import Names, NameUnresolved
from imagemill.webhooks.public import Address

LOOPBACK = ip_address("127.0.0.1")


async def test_a_name_has_all_its_addresses() -> None:
    assert LOOPBACK in await Names(1).addresses("localhost")


@pytest.mark.parametrize("host", ["a..b", "a" * 64, "\ud800"])
async def test_a_name_that_nobody_knows_is_an_error_of_its_own(host: str) -> None:
    with pytest.raises(NameUnresolved):
        await Names(1).addresses(host)


async def test_a_lookup_that_nobody_waits_for_any_more_keeps_its_place_until_it_ends() -> None:
    hanging, released = threading.Event(), threading.Event()

    def look_up(host: str) -> tuple[Address, ...]:
        if host == "hangs":
            hanging.set()
            released.wait()
        return (LOOPBACK,)

    names = Names(1, look_up)
    first = asyncio.create_task(names.addresses("hangs"))
    await asyncio.to_thread(hanging.wait)
    first.cancel()
    second = asyncio.create_task(names.addresses("answers"))
    done, _ = await asyncio.wait({second}, timeout=0.1)
    assert not done
    released.set()
    assert await second == (LOOPBACK,)


async def test_a_name_that_hangs_keeps_no_other_one_waiting() -> None:
    released = threading.Event()

    def look_up(host: str) -> tuple[Address, ...]:
        if host == "hangs":
            released.wait()
        return (LOOPBACK,)

    names = Names(2, look_up)
    hanging = asyncio.create_task(names.addresses("hangs"))
    assert await names.addresses("answers") == (LOOPBACK,)
    assert not hanging.done()
    released.set()
    await hanging
