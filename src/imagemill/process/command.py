"""The whole run: find the files, settle where outputs go, process several at once, sum up."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from imagemill.interruption import stopped_by_signals
from imagemill.process.destinations import Claims, Naming
from imagemill.process.errors import Misused
from imagemill.process.inputs import FoundInputs, Input, find_inputs
from imagemill.process.job_options import Asked
from imagemill.process.outcomes import Outcome
from imagemill.process.progress import Screen
from imagemill.process.responses import FieldsRefused
from imagemill.process.server import Address, ServerClient
from imagemill.process.single import Rules, process_one

# What shells make of a program that a signal ended.
ENDED_BY_SIGNAL: Final = 128


@dataclass(frozen=True, slots=True)
class Order:
    """What the command line says. Without a server, one of its own is started."""

    files: Sequence[Path]
    out: Path
    asked: Asked
    server: str | None
    key: str | None
    overwrite: bool
    at_once: int

    @property
    def address(self) -> Address | None:
        """The server's address. Raises Misused."""
        return None if self.server is None else Address.given(self.server, self.key)


async def run(order: Order, *, quiet: bool, as_json: bool) -> int:
    """Process the files and return the exit status: 0, 1 when one failed, 128 and the signal.

    Raises Misused, NotImagemill, Unavailable, SettingsError, PresetsError.
    """
    screen = Screen(quiet=quiet, as_json=as_json)
    found = find_inputs(order.files, order.out)
    with stopped_by_signals(screen.stopping) as interruption:
        try:
            await _process(order, found, screen)
        except FieldsRefused as refused:
            faults = (order.asked.fault(one.pointer, one.detail) for one in refused.faults)
            raise Misused(*faults) from refused
    screen.sum_up(len(found.inputs) + len(found.failed), found.others)
    if interruption.by is not None:
        return ENDED_BY_SIGNAL + interruption.by
    return int(any(outcome.error for outcome in screen.outcomes))


async def _process(order: Order, found: FoundInputs, screen: Screen) -> None:
    rules = await _rules(order, found.inputs)
    todo = []
    for path, error in found.failed:
        screen.take(Outcome.failure(path, error))
    for source in found.inputs:
        if rules.is_there(source):
            screen.take(Outcome(source.path, "skipped"))
        else:
            todo.append(source)
    if todo:
        async with _server(order.address, screen) as server:
            with screen.processing(len(todo)):
                await _process_all(server, todo, rules, order.at_once, screen)


async def _rules(order: Order, inputs: Sequence[Input]) -> Rules:
    address = order.address
    if address is None:
        from imagemill.process.local_server import checked_pipeline  # noqa: PLC0415 - an optional extra

        pipeline = checked_pipeline(order.asked)
    else:
        async with ServerClient.open(address) as server:
            pipeline = order.asked.outline(await server.presets())
    naming = Naming.of(order.out, pipeline)
    return Rules(
        fields=order.asked.fields,
        naming=naming,
        claims=Claims.of(naming, inputs),
        overwrite=order.overwrite,
        forget=address is None,
    )


@asynccontextmanager
async def _server(address: Address | None, screen: Screen) -> AsyncIterator[ServerClient]:
    async with AsyncExitStack() as stack:
        if address is None:
            from imagemill.process.local_server import server_of_ones_own  # noqa: PLC0415 - optional

            with screen.starting() as tell:
                address = await stack.enter_async_context(server_of_ones_own(tell))
        yield await stack.enter_async_context(ServerClient.open(address))


async def _process_all(
    server: ServerClient, todo: Sequence[Input], rules: Rules, at_once: int, screen: Screen
) -> None:
    waiting = iter(todo)

    async def take_turns() -> None:
        for source in waiting:
            screen.take(await process_one(server, source, rules))

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(take_turns())
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
