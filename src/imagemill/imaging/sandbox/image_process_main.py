"""The program of an image process: answers one request after the other until its socket closes.

Run as `python -m imagemill.imaging.sandbox.image_process_main PARENT_PID POLICY LIMITS`. Requests
and replies go over the socket on standard input, which is moved to another descriptor first. What a
library prints goes to standard error.
"""

import json
import os
import socket
import sys
import traceback
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from imagemill.imaging.engine.libvips_errors import translate_encode_errors
from imagemill.imaging.engine.probe import probe_format
from imagemill.imaging.engine.render import render
from imagemill.imaging.file_data import read_descriptor
from imagemill.imaging.limits import Limits
from imagemill.imaging.result import WrittenOutput
from imagemill.imaging.sandbox.arguments import Arguments
from imagemill.imaging.sandbox.confine import confine
from imagemill.imaging.sandbox.confine.limits import close_files_except
from imagemill.imaging.sandbox.confine.process import die_with_parent
from imagemill.imaging.sandbox.protocol import (
    ERRORS,
    LENGTH_BYTES,
    MAX_DESCRIPTORS,
    MAX_DETAIL_LENGTH,
    MAX_FRAME_BYTES,
    encode_frame,
)
from imagemill.imaging.spec.plain import parse

# A reply, for JSON, and the bytes that follow it.
Answer = tuple[dict[str, object], Sequence[bytes]]


def main() -> None:
    arguments = Arguments.parse(sys.argv[1:])
    connection = start(arguments)
    while received := receive(connection):
        body, descriptors = received
        reply, contents = answer(parse(body), descriptors, arguments.limits)
        for descriptor in descriptors:
            os.close(descriptor)
        send(connection, reply, contents)


def start(arguments: Arguments) -> socket.socket:
    """Confine this process, send that it is ready, and return its connection to the parent."""
    connection = _move_connection()
    die_with_parent(arguments.parent_pid)
    close_files_except(connection.fileno())
    send(connection, {"kind": "ready", "level": asdict(confine(arguments.policy))})
    return connection


def receive(connection: socket.socket) -> tuple[bytes, list[int]] | None:
    """Return the body of a request and its descriptors, or None when the parent has closed."""
    frame, descriptors, _, _ = socket.recv_fds(connection, MAX_FRAME_BYTES, MAX_DESCRIPTORS)
    if not frame:
        return None
    length = LENGTH_BYTES + int.from_bytes(frame[:LENGTH_BYTES])
    while len(frame) < length:
        frame += os.read(connection.fileno(), length - len(frame))
    return frame[LENGTH_BYTES:], descriptors


def send(
    connection: socket.socket, reply: dict[str, object], contents: Sequence[bytes] = ()
) -> None:
    """Send a reply and the bytes that follow it."""
    # Not with `send`, a system call that an image process may not use.
    rest = memoryview(b"".join((encode_frame(json.dumps(reply)), *contents)))
    while rest:
        rest = rest[os.write(connection.fileno(), rest) :]


def answer(request: Any, descriptors: Sequence[int], limits: Limits) -> Answer:  # noqa: ANN401 - parsed
    """Do what is requested, and return its result or the error that it ended with."""
    try:
        if request.kind == "probe":
            support = probe_format(request.format, request.output)
            return {"kind": "probed", "support": asdict(support)}, ()
        source, *files = descriptors
        with translate_encode_errors():
            data = read_descriptor(source)
        written = render(data, files, request.pipeline, limits)
        reply: dict[str, object] = {
            "kind": "rendered",
            "input": asdict(written.input),
            "outputs": [_describe(output) for output in written.outputs],
            "analysis": written.analysis,
        }
        contents = [output.content for output in written.outputs if output.content is not None]
    except Exception as error:  # noqa: BLE001 - a bug is reported too; the parent replaces us
        return _describe_error(error), ()
    else:
        return reply, contents


def _describe(output: WrittenOutput) -> dict[str, object]:
    return {
        "name": output.name,
        "format": output.format.name,
        "bytes": output.bytes,
        "width": output.width,
        "height": output.height,
        "frames": output.frames,
    }


def _describe_error(error: Exception) -> dict[str, object]:
    """Return the message for an error that is being handled."""
    for code, kind in ERRORS.items():
        if isinstance(error, kind):
            return {"kind": "failure", "code": code, "detail": str(error)[:MAX_DETAIL_LENGTH]}
    detail = traceback.format_exc()[-MAX_DETAIL_LENGTH:]
    return {"kind": "failure", "code": "bug", "detail": detail}


def _move_connection() -> socket.socket:
    """Move the socket off 0: reading 0 then returns nothing, and 1 leads to standard error."""
    connection = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return connection


if __name__ == "__main__":
    main()
