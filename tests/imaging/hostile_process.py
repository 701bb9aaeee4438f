"""The program of an image process that a hostile image has taken over.

An order at the end of the picture says what it does with a request (see `hostile_order.py`); any
other picture is rendered as usual. Its arguments are those of `image_process_main`.
"""

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from imagemill.imaging.file_data import read_descriptor
from imagemill.imaging.sandbox import image_process_main
from imagemill.imaging.sandbox.arguments import Arguments
from imagemill.imaging.sandbox.protocol import LENGTH_BYTES, MAX_FRAME_BYTES, encode_frame
from imagemill.imaging.spec.bounds import MAX_SIDE
from imagemill.imaging.spec.plain import parse
from imaging import escapes
from imaging.escapes import Job
from imaging.hostile_order import decode_order


def kill(number: signal.Signals) -> Callable[[Job], None]:
    return lambda _job: os.kill(os.getpid(), number)


def sleep(_job: Job) -> None:
    time.sleep(1000)


def spin_later(job: Job) -> None:
    """Go on working after the reply has been sent."""
    threading.Thread(target=spin, args=(job,), daemon=True).start()


def spin(_job: Job) -> None:
    while True:
        pass


def write_later(job: Job) -> None:
    """Go on changing the output after the reply has been sent."""
    kept = os.dup(job.output)

    def scribble() -> None:
        while True:
            os.pwrite(kept, os.urandom(64), 4096)

    threading.Thread(target=scribble, daemon=True).start()


def shout(_job: Job) -> None:
    """Write to standard output from C, as a library might."""
    ctypes.CDLL(None).puts(b"noise" * 1000)
    ctypes.CDLL(None).fflush(None)


def leave_a_process(job: Job) -> None:
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
    (job.inputs / "sleeper").write_text(str(sleeper.pid))
    os.kill(os.getpid(), signal.SIGSEGV)


def ask_for_memory(_job: Job) -> None:
    bytearray(8 * 1024**3)


def crash_in_glib(_job: Job) -> None:
    sys.stderr.write("GLib-ERROR: failed to allocate 400000000 bytes\n")
    sys.stderr.flush()
    os.abort()


def exit_quietly(_job: Job) -> None:
    os._exit(3)


def chatter(_job: Job) -> None:
    os.write(2, b"x" * 1_000_000 + b"the end")
    os.abort()


BEFORE_REPLY: dict[str, Callable[[Job], None]] = {
    "segv": kill(signal.SIGSEGV),
    "abrt": kill(signal.SIGABRT),
    "bus": kill(signal.SIGBUS),
    "ill": kill(signal.SIGILL),
    "fpe": kill(signal.SIGFPE),
    "term": kill(signal.SIGTERM),
    "kill": kill(signal.SIGKILL),
    "exit": exit_quietly,
    "sleep": sleep,
    "spin": spin,
    "spin later": spin_later,
    "write later": write_later,
    "shout": shout,
    "fork": leave_a_process,
    "memory": ask_for_memory,
    "glib": crash_in_glib,
    "chatter": chatter,
}


def frame(body: str) -> bytes:
    return len(body).to_bytes(LENGTH_BYTES) + body.encode()


def rendered(job: Job) -> tuple[dict[str, Any], bytes]:
    """Render as requested, and return the reply with the bytes that follow it."""
    reply, contents = image_process_main.answer(job.request, job.descriptors, job.limits)
    assert reply["kind"] == "rendered"
    return reply, b"".join(contents)


def lie(job: Job, **lies: object) -> bytes:
    """Render as requested, and state something else about the first output."""
    reply, contents = rendered(job)
    reply["outputs"][0] |= lies
    return frame(json.dumps(reply)) + contents


def lie_about_the_input(job: Job, **lies: object) -> bytes:
    reply, contents = rendered(job)
    reply["input"] |= lies
    return frame(json.dumps(reply)) + contents


def analyze_unasked(job: Job) -> bytes:
    reply, contents = rendered(job)
    reply["analysis"] = {"palette": []}
    return frame(json.dumps(reply)) + contents


def repeat_outputs(job: Job, times: int) -> bytes:
    reply, contents = rendered(job)
    reply["outputs"] *= times
    return frame(json.dumps(reply)) + contents * times


def add_a_field(job: Job) -> bytes:
    reply, contents = rendered(job)
    reply["fence"] = 1
    return frame(json.dumps(reply)) + contents


def reply_twice(job: Job) -> bytes:
    return lie(job) + lie(job)


def leave_nothing(job: Job) -> bytes:
    reply = lie(job, bytes=300_000)
    os.ftruncate(job.output, 0)
    return reply


def raise_engine_bug(job: Job) -> bytes:
    reply, _ = image_process_main.answer(job.request, job.descriptors, None)  # type: ignore[arg-type]
    return encode_frame(json.dumps(reply))


REPLIES: dict[str, Callable[[Job], bytes]] = {
    "garbage": lambda _job: frame("<html>"),
    "bug": raise_engine_bug,
    "bits": lambda _job: frame("\x00" * 40),
    "ready": lambda _job: frame(
        '{"kind": "ready", "level": {"name": "off", "active": [], "missing": []}}'
    ),
    "unknown failure": lambda _job: frame(
        '{"kind": "failure", "code": "os.system", "detail": "x"}'
    ),
    "too long": lambda _job: (MAX_FRAME_BYTES + 1).to_bytes(LENGTH_BYTES),
    "flood": lambda _job: b"\xff" * 10_000_000,
    "none": lambda job: repeat_outputs(job, 0),
    "one too many": lambda job: repeat_outputs(job, 2),
    "one more field": add_a_field,
    "two replies": reply_twice,
    "other name": lambda job: lie(job, name="../../etc/passwd"),
    "a path": lambda job: lie(job, path="../../etc/passwd"),
    "other format": lambda job: lie(job, format="html"),
    "other size": lambda job: lie(job, bytes=1),
    "no bytes": lambda job: lie(job, bytes=0),
    "other size of a file": lambda job: lie(job, bytes=300_000),
    "no size": lambda job: lie(job, width=0),
    "huge": lambda job: lie(job, height=MAX_SIDE + 1),
    "text for a number": lambda job: lie(job, width="8"),
    "a digest": lambda job: lie(job, sha256="0" * 64),
    "one more fact": lambda job: lie(job, key="../../etc/passwd"),
    "no input size": lambda job: lie_about_the_input(job, height=0),
    "one more fact of the input": lambda job: lie_about_the_input(job, key="x"),
    "analysis": analyze_unasked,
    "no file": leave_nothing,
}


def main() -> None:
    arguments = Arguments.parse(sys.argv[1:])
    connection = image_process_main.start(arguments)
    while received := image_process_main.receive(connection):
        body, descriptors = received
        reply = reply_to(body, descriptors, arguments)
        for descriptor in descriptors:
            os.close(descriptor)
        write(connection, reply)


def write(connection: socket.socket, data: bytes) -> None:
    while data:
        data = data[os.write(connection.fileno(), data) :]


def reply_to(body: bytes, descriptors: Sequence[int], arguments: Arguments) -> bytes:
    request = parse(body)
    order = decode_order(bytes(read_descriptor(descriptors[0]))) if descriptors else None
    if order:
        behaviour, inputs = order
        job = Job(request, descriptors, arguments.limits, inputs)
        if behaviour in BEFORE_REPLY:
            BEFORE_REPLY[behaviour](job)
        if behaviour in REPLIES:
            return REPLIES[behaviour](job)
        if behaviour in escapes.ESCAPES:
            detail = escapes.outcome(escapes.ESCAPES[behaviour], job)
            failure = {"kind": "failure", "code": "invalid_image", "detail": detail}
            return encode_frame(json.dumps(failure))
    reply, contents = image_process_main.answer(request, descriptors, arguments.limits)
    return encode_frame(json.dumps(reply)) + b"".join(contents)
