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
from imagemill.imaging.sandbox.confine.limits import close_files_except
from imagemill.imaging.sandbox.confine.policy import SandboxPolicy
from imagemill.imaging.sandbox.confine.process import die_with_parent
from imagemill.imaging.sandbox.protocol import (
    LENGTH_BYTES,
    REQUEST,
    Failure,
    Message,
    ProbeReply,
    ProbeRequest,
    Ready,
    RenderReply,
    RenderRequest,
    Request,
    encode_frame,
)


def main() -> None:
    requests, replies = start(int(sys.argv[1]), SandboxPolicy.model_validate_json(sys.argv[2]))
    while length := requests.read(LENGTH_BYTES):
        request = REQUEST.validate_json(requests.read(int.from_bytes(length)))
        _send(replies, reply_to(request))


def start(parent_pid: int, policy: SandboxPolicy) -> tuple[BinaryIO, BinaryIO]:
    """Confine this process, send Ready, and return the pipes of requests and replies."""
    requests, replies = _move_pipes()
    die_with_parent(parent_pid)
    close_files_except(requests.fileno(), replies.fileno())
    _send(replies, Ready(level=confine(policy)))
    return requests, replies


def reply_to(request: Request) -> Message:
    """Do what is requested, and return its result or the error that it ended with."""
    try:
        match request:
            case RenderRequest():
                rendered = render(
                    Path(request.input_file),
                    Path(request.folder),
                    request.pipeline,
                    request.limits,
                )
                return RenderReply(rendered=rendered)
            case ProbeRequest():
                return ProbeReply(support=probe_format(request.format))
    except Exception as error:  # noqa: BLE001 - a bug is reported too; the parent replaces us
        return Failure.of(error)


def _move_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Move the pipes off 0 and 1: reading 0 then returns nothing, and 1 leads to standard error."""
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
