"""Sandbox: renders untrusted images in image processes, which run libvips and may be taken over.

An image process is a program of its own with an almost empty environment, private pipes and hard
limits. It is killed when its time is up and replaced after any failure. Its replies are bounded,
validated JSON, never pickles. What happens to a job whose image process dies is in
`exit_reason.py`.
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
from imagemill.imaging.result import FormatSupport, Rendered
from imagemill.imaging.sandbox import cpu_time
from imagemill.imaging.sandbox.confine.level import ConfinementLevel
from imagemill.imaging.sandbox.confine.policy import Mode, SandboxPolicy
from imagemill.imaging.sandbox.exit_reason import ExitReason
from imagemill.imaging.sandbox.image_process import PROGRAM, ImageProcess
from imagemill.imaging.sandbox.process_pool import ProcessPool
from imagemill.imaging.sandbox.protocol import ProbeReply, ProbeRequest, RenderRequest
from imagemill.imaging.sandbox.reply_validation import validate_reply
from imagemill.imaging.spec.pipeline import Pipeline

PROBE_TIMEOUT: Final = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The formats that work here: a sample of each was encoded or decoded to its last pixel."""

    inputs: tuple[Format, ...]
    outputs: tuple[Format, ...]


@dataclass(frozen=True, slots=True)
class Confinement:
    """How far image processes are confined.

    `jobs_per_process` is after how many jobs an image process is replaced; with one, a process that
    an image took over never sees another image.
    """

    mode: Mode
    jobs_per_process: int = 500


BEST_EFFORT: Final = Confinement("best-effort")


class Sandbox:
    """Renders pipelines in image processes, as many at once as there are processes."""

    def __init__(self, pool: ProcessPool, limits: Limits) -> None:
        self._pool = pool
        self._limits = limits

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        processes: int,
        limits: Limits,
        confinement: Confinement = BEST_EFFORT,
        scratch_dir: Path | None = None,
        program: Sequence[str] = PROGRAM,
        on_exit: Callable[[ExitReason], None] = lambda _: None,
    ) -> AsyncIterator[Self]:
        """Start the image processes; at the end, kill them.

        Each has a job directory of its own below `scratch_dir`, or below a temporary folder if none
        is given. On the file system of inputs and outputs, these are linked and renamed; on any
        other, they are copied. `program` is what an image process runs; its arguments are the pid
        of this process and the policy as JSON. `on_exit` is called for each image process that ends
        before the block does. Raises ImageProcessDidNotStart, ScratchFull.
        """
        with nullcontext(scratch_dir) if scratch_dir else TemporaryDirectory() as folder:
            policy = _policy(limits, confinement)
            pool = ProcessPool(program, policy, Path(folder), confinement.jobs_per_process, on_exit)
            try:
                await pool.start(processes)
                yield cls(pool, limits)
            finally:
                await pool.stop()

    @property
    def level(self) -> ConfinementLevel:
        """How far the image processes are confined."""
        return self._pool.level

    async def render(self, input_file: Path, folder: Path, pipeline: Pipeline) -> Rendered:
        """Write the pipeline's outputs to the folder, in the next free image process.

        Raises an ImagingError whose code says what is wrong with the image, FileNotFoundError when
        there is no input, or Unavailable when the disk failed or no image process could be started.
        When it raises, or is canceled, nothing writes to the folder any more; its content is the
        caller's to remove. Open outputs without following links: an image process that was taken
        over and is not confined could still exchange them.
        """
        async with self._pool.acquire() as process:
            try:
                return await self._render(process, input_file, folder, pipeline)
            except (Rejected, FileNotFoundError):
                raise
            except BaseException:
                await process.kill()
                raise

    async def _render(
        self, process: ImageProcess, input_file: Path, folder: Path, pipeline: Pipeline
    ) -> Rendered:
        job_directory = process.job_directory
        file = await run_in_thread(job_directory.prepare, input_file, pipeline)
        request = RenderRequest.of(file, job_directory.outputs, pipeline, self._limits)
        reply = await process.send(request, self._limits.timeout)
        await run_in_thread(job_directory.collect, folder)
        return await run_in_thread(validate_reply, reply, folder, pipeline)

    async def capabilities(self) -> Capabilities:
        """Probe every format with a sample. One whose probe kills its process does not work."""
        support = {format_: await self._probe(format_) for format_ in INPUTS.values()}
        return Capabilities(
            inputs=tuple(format_ for format_, found in support.items() if found.decodes),
            outputs=tuple(format_ for format_, found in support.items() if found.encodes),
        )

    async def _probe(self, format_: Format) -> FormatSupport:
        async with self._pool.acquire() as process:
            try:
                reply = await process.send(ProbeRequest(format=format_.name), PROBE_TIMEOUT)
            except ImageProcessFailed:
                reply = None
        if isinstance(reply, ProbeReply):
            return reply.support
        return FormatSupport(encodes=False, decodes=False)


def _policy(limits: Limits, confinement: Confinement) -> SandboxPolicy:
    time_limit = max(limits.timeout, PROBE_TIMEOUT)
    return SandboxPolicy(
        mode=confinement.mode,
        memory_bytes=limits.memory_bytes,
        cpu_seconds=cpu_time.seconds_per_process(time_limit, confinement.jobs_per_process),
        readable=tuple(str(folder.absolute()) for folder in _readable_folders(limits)),
    )


def _readable_folders(limits: Limits) -> set[Path]:
    """Return the folders that an image process reads besides its job directory.

    They are the images that a pipeline may name, and the modules of Python with what lies beside
    them: codecs and fonts are loaded when they are first used.
    """
    modules = (get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
    folders = {*map(Path, modules), Path(imagemill.__file__).parent}
    if limits.assets:
        folders.add(limits.assets)
    return {folder for folder in folders if folder.is_dir()}
