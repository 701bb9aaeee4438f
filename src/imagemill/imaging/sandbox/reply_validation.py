"""Validation of an image process's reply against its request and against the files it left."""

import stat
from pathlib import Path

from imagemill.image_files import OutputFile
from imagemill.imaging.errors import DecoderCrashed
from imagemill.imaging.formats import MEDIA_TYPES
from imagemill.imaging.result import Rendered
from imagemill.imaging.sandbox.protocol import Failure, RenderReply, Reply
from imagemill.imaging.spec.pipeline import Output, Pipeline


def validate_reply(reply: Reply, folder: Path, pipeline: Pipeline) -> Rendered:
    """Return what was rendered; its outputs are the regular files in the folder that they must be.

    Raises the error that the reply reports, or DecoderCrashed when the reply is not plausible.
    """
    match reply:
        case Failure():
            raise reply.to_error()
        case RenderReply(rendered=rendered) if len(rendered.outputs) == len(pipeline.outputs):
            _check_analysis(rendered, pipeline)
            for requested, output in zip(pipeline.outputs, rendered.outputs, strict=True):
                _check_output(requested, output, folder)
            return rendered
        case _:
            raise DecoderCrashed("The decoder's reply does not match its request.")


def _check_analysis(rendered: Rendered, pipeline: Pipeline) -> None:
    found = None if rendered.analysis is None else set(rendered.analysis)
    if found != (set(pipeline.analyze) or None):
        raise DecoderCrashed("The decoder returned another analysis than was requested.")


def _check_output(requested: Output, output: OutputFile, folder: Path) -> None:
    format_ = MEDIA_TYPES.get(output.media_type)
    if (
        format_ is None
        or requested.format not in {None, format_.name}
        or output.name != requested.name
        or output.path != format_.file(folder, requested.name).name
    ):
        raise DecoderCrashed(f"The decoder returned another output than {requested.name}.")
    _check_file(format_.file(folder, requested.name), output)


def _check_file(file: Path, output: OutputFile) -> None:
    """Check that the file is no link, which would make the worker publish what it points to."""
    try:
        facts = file.lstat()
    except OSError as error:
        raise DecoderCrashed(f"The decoder wrote no file for output {output.name}.") from error
    if not stat.S_ISREG(facts.st_mode) or facts.st_nlink != 1 or facts.st_size != output.bytes:
        raise DecoderCrashed(f"The file of output {output.name} is not what the decoder reported.")
