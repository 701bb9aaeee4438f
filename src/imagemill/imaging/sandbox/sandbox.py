"""Sandbox: renders untrusted images in image processes, which run libvips and may be taken over.

An image process is a program of its own with an almost empty environment, a private socket and hard
limits. It gets its input and the files for its outputs as descriptors, and needs no path of a job.
It is killed when its time is up and replaced after any failure. Its replies are bounded, validated
JSON, never pickles. What happens to a job whose image process dies is in
`exit_reason.py`.
"""

import hashlib
import os
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import ExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from sysconfig import get_path
from tempfile import TemporaryDirectory
from typing import Final, Self

import imagemill
from imagemill.errors import Rejected
from imagemill.image_files import InputImage, OutputFile
from imagemill.imaging.errors import ImageProcessFailed
from imagemill.imaging.file_data import MAX_INLINE_BYTES
from imagemill.imaging.formats import FORMATS, INPUTS, Format
from imagemill.imaging.limits import Limits
from imagemill.imaging.result import FormatSupport
from imagemill.imaging.sandbox import cpu_time
from imagemill.imaging.sandbox.arguments import Arguments
from imagemill.imaging.sandbox.confine.level import ConfinementLevel
from imagemill.imaging.sandbox.confine.policy import Mode, SandboxPolicy
from imagemill.imaging.sandbox.connection import Connection
from imagemill.imaging.sandbox.exit_reason import ExitReason
from imagemill.imaging.sandbox.image_process import PROGRAM, ImageProcess
from imagemill.imaging.sandbox.process_pool import ProcessPool
from imagemill.imaging.sandbox.rendered import Content, Rendered
from imagemill.imaging.sandbox.replies import OutputFacts, ProbeReply, RenderReply, Reply
from imagemill.imaging.sandbox.reply_validation import validate_reply
from imagemill.imaging.sandbox.scratch_files import ScratchFiles
from imagemill.imaging.spec.pipeline import Output, Pipeline

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

        They write outputs to files without a name on the file system of `scratch_dir`, or of a
        temporary folder if none is given. `program` is what an image process runs; its arguments
        are those of `Arguments`. `on_exit` is called for each image process that ends before the
        block does. Raises ImageProcessDidNotStart.
        """
        with nullcontext(scratch_dir) if scratch_dir else TemporaryDirectory() as folder:
            arguments = Arguments.of_child(_policy(limits, confinement), limits)
            pool = ProcessPool(
                program, arguments, Path(folder), confinement.jobs_per_process, on_exit
            )
            try:
                await pool.start(processes)
                yield cls(pool, limits)
            finally:
                await pool.stop()

    @property
    def level(self) -> ConfinementLevel:
        """How far the image processes are confined."""
        return self._pool.level

    @asynccontextmanager
    async def render(self, input_file: int, pipeline: Pipeline) -> AsyncIterator[Rendered]:
        """Render the pipeline from a file that is open for reading, and yield what was rendered.

        Raises ImagingError by what went wrong; after ImageProcessFailed or EngineBug the process is
        gone. Raises Unavailable, ScratchFull included, when no process could be started or the disk
        failed, which is no fault of the picture.

        What is yielded was checked, and no image process can change it. It is closed with the
        block.
        """
        with ExitStack() as copies:
            async with self._pool.acquire() as process:
                try:
                    rendered = await self._render(process, input_file, pipeline, copies)
                except Rejected:
                    raise
                except BaseException:
                    await process.kill()
                    raise
            yield rendered

    async def _render(
        self, process: ImageProcess, input_file: int, pipeline: Pipeline, copies: ExitStack
    ) -> Rendered:
        scratch_files = process.scratch_files
        try:
            files = await scratch_files.prepare(len(pipeline.outputs))
            reply, small = await process.exchange(
                f'{{"kind":"render","pipeline":{pipeline.model_dump_json()}}}',
                (input_file, *files),
                _receive,
                self._limits.timeout,
            )
            return await _take(validate_reply(reply, pipeline), small, scratch_files, copies)
        finally:
            await scratch_files.clear()

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
                reply = await process.exchange(
                    _format_probe(format_), (), Connection.receive, PROBE_TIMEOUT
                )
            except ImageProcessFailed:
                reply = None
        if isinstance(reply, ProbeReply):
            return reply.support
        return FormatSupport(encodes=False, decodes=False)


async def _receive(connection: Connection) -> tuple[Reply, list[bytes]]:
    """Return the reply and the bytes of the small outputs that follow it."""
    reply = await connection.receive()
    outputs = reply.outputs if isinstance(reply, RenderReply) else ()
    return reply, [await connection.read(output.bytes) for output in outputs if _is_small(output)]


async def _take(
    reply: RenderReply, small: Iterable[bytes], scratch_files: ScratchFiles, copies: ExitStack
) -> Rendered:
    """Return what was rendered, with copies of large outputs that are closed with `copies`."""
    outputs: list[OutputFile] = []
    contents: list[Content] = []
    following = iter(small)
    for index, facts in enumerate(reply.outputs):
        if _is_small(facts):
            data = next(following)
            contents.append(data)
            outputs.append(_describe(facts, hashlib.sha256(data).hexdigest()))
        else:
            copy = await scratch_files.copy(index, facts.bytes)
            copies.callback(os.close, copy.descriptor)
            contents.append(copy.descriptor)
            outputs.append(_describe(facts, copy.sha256))
    return Rendered(
        input=InputImage(**reply.input.model_dump()),
        outputs=tuple(outputs),
        contents=tuple(contents),
        analysis=reply.analysis,
    )


def _is_small(output: OutputFacts) -> bool:
    return output.bytes <= MAX_INLINE_BYTES


def _describe(facts: OutputFacts, sha256: str) -> OutputFile:
    format_ = FORMATS[facts.format]
    return OutputFile(
        name=facts.name,
        path=f"{facts.name}{format_.extension}",
        media_type=format_.media_type,
        bytes=facts.bytes,
        width=facts.width,
        height=facts.height,
        frames=facts.frames,
        sha256=sha256,
    )


def _format_probe(format_: Format) -> str:
    written = (name for name in FORMATS if name == format_.name)
    output = next((Output(format=name).model_dump_json() for name in written), "null")
    return f'{{"kind":"probe","format":"{format_.name}","output":{output}}}'


def _policy(limits: Limits, confinement: Confinement) -> SandboxPolicy:
    time_limit = max(limits.timeout, PROBE_TIMEOUT)
    return SandboxPolicy(
        mode=confinement.mode,
        memory_bytes=limits.memory_bytes,
        cpu_seconds=cpu_time.seconds_per_process(time_limit, confinement.jobs_per_process),
        readable=tuple(str(folder.absolute()) for folder in _readable_folders(limits)),
    )


def _readable_folders(limits: Limits) -> set[Path]:
    """Return the folders that an image process may read.

    They are the images that a pipeline may name, and the modules of Python with what lies beside
    them: codecs and fonts are loaded when they are first used.
    """
    modules = (get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
    folders = {*map(Path, modules), Path(imagemill.__file__).parent}
    if limits.assets:
        folders.add(limits.assets)
    return {folder for folder in folders if folder.is_dir()}
