"""What a child says it did, checked against what it was asked and against the files it left."""

import stat
from pathlib import Path

from imagemill.imaging.errors import DecoderCrashed
from imagemill.imaging.formats import MEDIA_TYPES
from imagemill.imaging.result import Rendered, RenderedOutput
from imagemill.imaging.sandbox.protocol import Done, Failed, Reply, Written, to_error
from imagemill.imaging.spec.pipeline import Output, Pipeline


def to_rendered(reply: Reply, folder: Path, pipeline: Pipeline) -> Rendered:
    """Return what was rendered, the files named by us.

    Raises the error that the child tells of, or DecoderCrashed when its reply is not plausible.
    """
    match reply:
        case Failed():
            raise to_error(reply)
        case Done() if len(reply.outputs) == len(pipeline.outputs):
            _check_analysis(reply, pipeline)
            pairs = zip(pipeline.outputs, reply.outputs, strict=True)
            return Rendered(
                width=reply.width,
                height=reply.height,
                frames=reply.frames,
                outputs=tuple(_to_output(asked, got, folder) for asked, got in pairs),
                analysis=reply.analysis,
            )
        case _:
            raise DecoderCrashed("The decoder answered something else than it was asked.")


def _to_output(asked: Output, got: Written, folder: Path) -> RenderedOutput:
    format_ = MEDIA_TYPES.get(got.media_type)
    if got.name != asked.name or format_ is None or asked.format not in {None, format_.name}:
        raise DecoderCrashed(f"The decoder answered another output than {asked.name}.")
    file = format_.file(folder, asked.name)
    _check_file(file, got)
    return RenderedOutput(
        name=asked.name,
        file=file,
        media_type=format_.media_type,
        bytes=got.bytes,
        width=got.width,
        height=got.height,
        frames=got.frames,
        sha256=got.sha256,
    )


def _check_analysis(reply: Done, pipeline: Pipeline) -> None:
    got = None if reply.analysis is None else set(reply.analysis)
    if got != (set(pipeline.analyze) or None):
        raise DecoderCrashed("The decoder answered another analysis than it was asked.")


def _check_file(file: Path, got: Written) -> None:
    """A link would make the worker publish whatever file it leads to."""
    try:
        facts = file.lstat()
    except OSError as error:
        raise DecoderCrashed(f"The decoder left no file for output {got.name}.") from error
    if not stat.S_ISREG(facts.st_mode) or facts.st_nlink != 1 or facts.st_size != got.bytes:
        raise DecoderCrashed(f"The decoder left another file than it said for output {got.name}.")
