"""The engine behind glass: libvips runs in child processes, which a hostile picture may have.

A child is a program of its own with an empty environment, private pipes and hard limits; it is
killed when its time is up and replaced after any failure. It never runs in the worker's process,
and the worker never unpickles a byte of what it says.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from sysconfig import get_path
from tempfile import TemporaryDirectory
from typing import Final, Self

import imagemill
from imagemill.blocking import run_in_thread
from imagemill.errors import Rejected
from imagemill.imaging.errors import ImageProcessFailed
from imagemill.imaging.formats import INPUTS, Format
from imagemill.imaging.limits import Limits
from imagemill.imaging.result import Rendered
from imagemill.imaging.sandbox.confine.level import ConfinementLevel
from imagemill.imaging.sandbox.confine.policy import Mode, SandboxPolicy
from imagemill.imaging.sandbox.cpu_time import lifetime
from imagemill.imaging.sandbox.exit_reason import ExitReason
from imagemill.imaging.sandbox.image_process import PROGRAM, ImageProcess
from imagemill.imaging.sandbox.process_pool import ProcessPool
from imagemill.imaging.sandbox.protocol import FormatSupport, Probe, Render
from imagemill.imaging.sandbox.reply_validation import to_rendered
from imagemill.imaging.spec.pipeline import Pipeline

PROOF_TIMEOUT: Final = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The formats that a sample proved to work here, decoded to its last pixel."""

    inputs: tuple[Format, ...]
    outputs: tuple[Format, ...]


@dataclass(frozen=True, slots=True)
class Confinement:
    """How far children are shut in.

    `jobs_per_child` is after how many jobs a child is replaced; with one, a child that a picture
    took over never sees another picture.
    """

    mode: Mode
    jobs_per_child: int = 500


BEST_EFFORT: Final = Confinement("best-effort")


class Sandbox:
    """Renders pipelines in child processes, as many at once as there are children."""

    def __init__(self, pool: ProcessPool, limits: Limits) -> None:
        self._crew = pool
        self._limits = limits

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        children: int,
        limits: Limits,
        confinement: Confinement = BEST_EFFORT,
        scratch_dir: Path | None = None,
        program: Sequence[str] = PROGRAM,
        on_exit: Callable[[ExitReason], None] = lambda _: None,
    ) -> AsyncIterator[Self]:
        """Start the image processes; at the end kill them all.

        Raises ImageProcessDidNotStart, ScratchFull.

        The workplace is a folder where each child gets one of its own for the files of its job:
        on the file system of inputs and outputs, links and renames bring these there and back; in
        a temporary folder, if none is given, copies. `program` is what a child runs; it gets our
        process id and its terms as arguments. `on_exit` is told of each child that ends before the
        block does.
        """
        with nullcontext(scratch_dir) if scratch_dir else TemporaryDirectory() as folder:
            terms = _terms(limits, confinement)
            pool = ProcessPool(program, terms, Path(folder), confinement.jobs_per_child, on_exit)
            try:
                await pool.start(children)
                yield cls(pool, limits)
            finally:
                await pool.stop()

    @property
    def level(self) -> ConfinementLevel:
        """How far the children are confined."""
        return self._crew.level

    async def render(self, input_file: Path, folder: Path, pipeline: Pipeline) -> Rendered:
        """Make the pipeline's outputs in the folder, in the next child that is free.

        Raises an ImagingError that tells what became of the picture, FileNotFoundError when there
        is no input, or Unavailable when the disk failed or no child could be started. When it
        raises, or is cancelled, nobody writes to the folder any more; what lies there is the
        caller's to remove. Open outputs without following links: a child that was taken over and
        is not confined could still exchange them.
        """
        async with self._crew.lend() as child:
            try:
                return await self._render(child, input_file, folder, pipeline)
            except (Rejected, FileNotFoundError):
                raise
            except BaseException:
                await child.end()
                raise

    async def _render(
        self, child: ImageProcess, input_file: Path, folder: Path, pipeline: Pipeline
    ) -> Rendered:
        file = await run_in_thread(child.job_directory.prepare, input_file, pipeline)
        request = Render.of(file, child.job_directory.outputs, pipeline, self._limits)
        reply = await child.ask(request, self._limits.timeout)
        await run_in_thread(child.job_directory.collect, folder)
        return await run_in_thread(to_rendered, reply, folder, pipeline)

    async def capabilities(self) -> Capabilities:
        """Prove every format with a sample. A format whose proof kills its child is not proved."""
        proofs = {format_: await self._prove(format_) for format_ in INPUTS.values()}
        return Capabilities(
            inputs=tuple(format_ for format_, proof in proofs.items() if proof.decodes),
            outputs=tuple(format_ for format_, proof in proofs.items() if proof.encodes),
        )

    async def _prove(self, format_: Format) -> FormatSupport:
        async with self._crew.lend() as child:
            try:
                reply = await child.ask(Probe(format=format_.name), PROOF_TIMEOUT)
            except ImageProcessFailed:
                reply = None
        return (
            reply
            if isinstance(reply, FormatSupport)
            else FormatSupport(encodes=False, decodes=False)
        )


def _terms(limits: Limits, confinement: Confinement) -> SandboxPolicy:
    return SandboxPolicy(
        mode=confinement.mode,
        memory_bytes=limits.memory_bytes,
        cpu_seconds=lifetime(max(limits.timeout, PROOF_TIMEOUT), confinement.jobs_per_child),
        readable=tuple(str(folder.absolute()) for folder in _readable(limits)),
    )


def _readable(limits: Limits) -> set[Path]:
    """Return the folders that a child reads while it renders, besides what its job brings.

    They are the images that a pipeline may name, and the modules of Python and what lies beside
    them: codecs and fonts are loaded when they are first used.
    """
    modules = (get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
    folders = {*map(Path, modules), Path(imagemill.__file__).parent}
    if limits.assets:
        folders.add(limits.assets)
    return {folder for folder in folders if folder.is_dir()}
