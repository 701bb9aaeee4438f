"""A run of `imagemill process`: find the files, decide on destinations, process them, sum up."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from imagemill.interruption import cancel_on_signal
from imagemill.process.destinations import OutputNaming, Reservations
from imagemill.process.inputs import FoundInputs, Input, find_inputs
from imagemill.process.job_options import JobOptions
from imagemill.process.outcomes import Outcome
from imagemill.process.process_file import RunPlan, process_file
from imagemill.process.progress import ProgressDisplay
from imagemill.process.server import FieldsRejected, ServerAddress, ServerClient

# The exit status that shells report for a program that a signal ended.
SIGNAL_STATUS: Final = 128


@dataclass(frozen=True, slots=True)
class ProcessCommand:
    """The arguments of the command line. Without a server, a local one is started."""

    files: Sequence[Path]
    out: Path
    job_options: JobOptions
    server: str | None
    key: str | None
    overwrite: bool
    concurrency: int

    @property
    def address(self) -> ServerAddress | None:
        """The server's address. Raises UsageError."""
        return None if self.server is None else ServerAddress.parse(self.server, self.key)


async def run(command: ProcessCommand, *, quiet: bool, as_json: bool) -> int:
    """Process the files and return the exit status: 0, 1 when one failed, 128 and the signal.

    Raises UsageError, NotImagemill, Unavailable, SettingsError, PresetsError.
    """
    display = ProgressDisplay(quiet=quiet, as_json=as_json)
    found = find_inputs(command.files, command.out)
    with cancel_on_signal(display.show_stopping) as interruption:
        try:
            await _process(command, found, display)
        except FieldsRejected as rejected:
            raise command.job_options.usage_error(rejected.errors) from rejected
    display.show_summary(len(found.inputs) + len(found.failed))
    if interruption.signal is not None:
        return SIGNAL_STATUS + interruption.signal
    return int(any(outcome.error for outcome in display.outcomes))


async def _process(command: ProcessCommand, found: FoundInputs, display: ProgressDisplay) -> None:
    plan = await _plan(command, found.inputs)
    todo = []
    for path, reason in found.ignored:
        display.add(Outcome(path, "ignored", reason=reason))
    for path, error in found.failed:
        display.add(Outcome.failure(path, error))
    for source in found.inputs:
        if plan.is_done(source):
            display.add(Outcome(source.path, "skipped"))
        else:
            todo.append(source)
    if todo:
        async with _connect(command.address, display) as server:
            with display.show_progress(len(todo)):
                await _process_all(server, todo, plan, command.concurrency, display)


async def _plan(command: ProcessCommand, inputs: Sequence[Input]) -> RunPlan:
    address = command.address
    if address is None:
        from imagemill.process.local_server import validate_pipeline  # noqa: PLC0415 - an optional extra

        pipeline = validate_pipeline(command.job_options)
    else:
        # Not retried: a mistyped address should be reported at once.
        async with ServerClient.open(address, max_tries=1) as server:
            pipeline = command.job_options.resolve_pipeline(await server.fetch_presets())
    naming = OutputNaming.of_pipeline(command.out, pipeline).tell_apart(inputs)
    return RunPlan(
        fields=command.job_options.fields,
        naming=naming,
        reservations=Reservations.of_inputs(naming, inputs),
        overwrite=command.overwrite,
        delete_jobs=address is None,
    )


@asynccontextmanager
async def _connect(
    address: ServerAddress | None, display: ProgressDisplay
) -> AsyncIterator[ServerClient]:
    async with AsyncExitStack() as stack:
        if address is None:
            from imagemill.process.local_server import run_local_server  # noqa: PLC0415 - optional

            with display.show_startup() as show_step:
                address = await stack.enter_async_context(run_local_server(show_step))
        yield await stack.enter_async_context(ServerClient.open(address))


async def _process_all(
    server: ServerClient,
    inputs: Sequence[Input],
    plan: RunPlan,
    concurrency: int,
    display: ProgressDisplay,
) -> None:
    waiting = iter(inputs)

    async def process_some() -> None:
        for source in waiting:
            display.add(await process_file(server, source, plan))

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(concurrency):
                group.create_task(process_some())
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
