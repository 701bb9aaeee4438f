"""The program of an image process: answers one request after the other until its pipe closes.

Run as `python -m imagemill.imaging.sandbox.image_process_main PARENT_PID POLICY`. Requests come in
on standard input and replies go out on standard output; both are moved to other descriptors first,
so that what a library prints goes to standard error and cannot be taken for a reply.
"""

import os
import sys
from pathlib import Path
from typing import BinaryIO

from imagemill.imaging.engine.probe import probe_format
from imagemill.imaging.engine.render import render
from imagemill.imaging.sandbox.confine import confine
from imagemill.imaging.sandbox.confine.limits import close_files_but
from imagemill.imaging.sandbox.confine.policy import SandboxPolicy
from imagemill.imaging.sandbox.confine.process import die_with
from imagemill.imaging.sandbox.protocol import (
    LENGTH_BYTES,
    REQUEST,
    Done,
    Message,
    Probe,
    Ready,
    Render,
    Request,
    Written,
    encode_frame,
    to_failed,
)


def main() -> None:
    requests, replies = set_up(int(sys.argv[1]), SandboxPolicy.model_validate_json(sys.argv[2]))
    while length := requests.read(LENGTH_BYTES):
        request = REQUEST.validate_json(requests.read(int.from_bytes(length)))
        _send(replies, answer(request))


def set_up(parent: int, terms: SandboxPolicy) -> tuple[BinaryIO, BinaryIO]:
    """Confine this process, tell the parent how far, and return the two pipes to it."""
    requests, replies = _move_aside()
    die_with(parent)
    close_files_but(requests.fileno(), replies.fileno())
    _send(replies, Ready(level=confine(terms)))
    return requests, replies


def answer(request: Request) -> Message:
    """Do what is asked. Whatever goes wrong is told in the answer."""
    try:
        match request:
            case Render():
                return _render(request)
            case Probe():
                return probe_format(request.format)
    except Exception as error:  # noqa: BLE001 - a bug is told like the rest; the parent replaces us
        return to_failed(error)


def _render(request: Render) -> Done:
    rendered = render(
        Path(request.input_file), Path(request.folder), request.pipeline, request.limits
    )
    return Done(
        width=rendered.width,
        height=rendered.height,
        frames=rendered.frames,
        outputs=tuple(
            Written(
                name=output.name,
                media_type=output.media_type,
                bytes=output.bytes,
                width=output.width,
                height=output.height,
                frames=output.frames,
                sha256=output.sha256,
            )
            for output in rendered.outputs
        ),
        analysis=rendered.analysis,
    )


def _move_aside() -> tuple[BinaryIO, BinaryIO]:
    """Take the pipes off 0 and 1: nothing is left to be read there, and prints go to 2."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return requests, replies


def _send(replies: BinaryIO, message: Message) -> None:
    replies.write(encode_frame(message))
    replies.flush()


if __name__ == "__main__":
    main()
