"""Validation of an image process's reply against its request."""

from imagemill.imaging.errors import DecoderCrashed
from imagemill.imaging.sandbox.replies import Failure, OutputFacts, RenderReply, Reply
from imagemill.imaging.spec.pipeline import Output, Pipeline


def validate_reply(reply: Reply, pipeline: Pipeline) -> RenderReply:
    """Return the reply if it has what was requested.

    Raises the error that it reports, or DecoderCrashed when it is not plausible.
    """
    match reply:
        case Failure():
            raise reply.to_error()
        case RenderReply() if len(reply.outputs) == len(pipeline.outputs):
            _check_analysis(reply, pipeline)
            for requested, output in zip(pipeline.outputs, reply.outputs, strict=True):
                _check_output(requested, output)
            return reply
        case _:
            raise DecoderCrashed("The decoder's reply does not match its request.")


def _check_analysis(reply: RenderReply, pipeline: Pipeline) -> None:
    found = None if reply.analysis is None else set(reply.analysis)
    if found != (set(pipeline.analyze) or None):
        raise DecoderCrashed("The decoder returned another analysis than was requested.")


def _check_output(requested: Output, output: OutputFacts) -> None:
    if output.name != requested.name or requested.format not in {None, output.format}:
        raise DecoderCrashed(f"The decoder returned another output than {requested.name}.")
