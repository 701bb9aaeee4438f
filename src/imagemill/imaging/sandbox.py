"""The engine behind glass: libvips runs in child processes, which a hostile picture may have.

A child is a program of its own with an empty environment, private pipes and hard limits; it is
killed when its time is up and replaced after any failure. It never runs in the worker's process,
and the worker never unpickles a byte of what it says.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, Self

from imagemill.errors import Rejected
from imagemill.imaging.crew import Crew
from imagemill.imaging.errors import ChildFailed
from imagemill.imaging.formats import INPUTS, Format
from imagemill.imaging.pipeline import Pipeline
from imagemill.imaging.process import PROGRAM
from imagemill.imaging.protocol import Prove, Proved, Render
from imagemill.imaging.rendered import Limits, Rendered, RenderedOutput
from imagemill.imaging.replies import to_rendered

__all__ = ["Capabilities", "Limits", "Rendered", "RenderedOutput", "Sandbox"]

PROOF_TIMEOUT: Final = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The formats that a sample proved to work here, decoded to its last pixel."""

    inputs: tuple[Format, ...]
    outputs: tuple[Format, ...]


class Sandbox:
    """Renders pipelines in child processes, as many at once as there are children."""

    def __init__(self, crew: Crew, limits: Limits) -> None:
        self._crew = crew
        self._limits = limits

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        children: int,
        limits: Limits,
        jobs_per_child: int = 500,
        program: Sequence[str] = PROGRAM,
    ) -> AsyncIterator[Self]:
        """Start the children; at the end kill them all. Raises ChildDidNotStart.

        `program` is what a child runs; it gets our process id and its memory limit as arguments.
        """
        crew = Crew(program, limits.memory_bytes, jobs_per_child)
        try:
            await crew.start(children)
            yield cls(crew, limits)
        finally:
            await crew.stop()

    async def render(self, input_file: Path, folder: Path, pipeline: Pipeline) -> Rendered:
        """Make the pipeline's outputs in the folder, in the next child that is free.

        Raises an ImagingError that tells what became of the picture, or Unavailable when the disk
        failed or no child could be started. When it raises, or is cancelled, nobody writes to the
        folder any more; what lies there is the caller's to remove. Open outputs without following
        links: a child that was taken over could still exchange them.
        """
        request = Render.of(input_file, folder, pipeline, self._limits)
        async with self._crew.lend() as child:
            reply = await child.ask(request, self._limits.timeout)
            try:
                return to_rendered(reply, folder, pipeline)
            except Rejected:
                raise
            except Exception:
                await child.end()
                raise

    async def capabilities(self) -> Capabilities:
        """Prove every format with a sample. A format whose proof kills its child is not proved."""
        proofs = {format_: await self._prove(format_) for format_ in INPUTS.values()}
        return Capabilities(
            inputs=tuple(format_ for format_, proof in proofs.items() if proof.decodes),
            outputs=tuple(format_ for format_, proof in proofs.items() if proof.encodes),
        )

    async def _prove(self, format_: Format) -> Proved:
        async with self._crew.lend() as child:
            try:
                reply = await child.ask(Prove(format=format_.name), PROOF_TIMEOUT)
            except ChildFailed:
                reply = None
        return reply if isinstance(reply, Proved) else Proved(encodes=False, decodes=False)
