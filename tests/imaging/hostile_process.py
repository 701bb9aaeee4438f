"""The program of an image process that a hostile image has taken over.

The name of the input file says what it does with a request; any other name is rendered as usual.
Its arguments are those of `image_process_main`.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from imagemill.imaging.sandbox import image_process_main
from imagemill.imaging.sandbox.confine.level import ConfinementLevel
from imagemill.imaging.sandbox.confine.policy import SandboxPolicy
from imagemill.imaging.sandbox.protocol import (
    LENGTH_BYTES,
    MAX_FRAME_BYTES,
    REQUEST,
    Failure,
    Ready,
    RenderReply,
    RenderRequest,
    Request,
    encode_frame,
)
from imagemill.imaging.spec.field_types import MAX_SIDE
from imaging import escapes


def kill(number: signal.Signals) -> Callable[[RenderRequest], None]:
    return lambda _request: os.kill(os.getpid(), number)


def sleep(request: RenderRequest) -> None:
    escapes.output(request).write_bytes(b"began")
    time.sleep(1000)


def spin_later(request: RenderRequest) -> None:
    """Go on working after the reply has been sent."""
    threading.Thread(target=spin, args=(request,), daemon=True).start()


def spin(_request: RenderRequest) -> None:
    while True:
        pass


def shout(_request: RenderRequest) -> None:
    """Write to standard output from C, as a library might."""
    ctypes.CDLL(None).puts(b"noise" * 1000)
    ctypes.CDLL(None).fflush(None)


def leave_a_process(request: RenderRequest) -> None:
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
    (escapes.scratch_dir(request) / "sleeper").write_text(str(sleeper.pid))
    os.kill(os.getpid(), signal.SIGSEGV)


def ask_for_memory(_request: RenderRequest) -> None:
    bytearray(8 * 1024**3)


def crash_in_glib(_request: RenderRequest) -> None:
    sys.stderr.write("GLib-ERROR: failed to allocate 400000000 bytes\n")
    sys.stderr.flush()
    os.abort()


def exit_quietly(_request: RenderRequest) -> None:
    os._exit(3)


def chatter(_request: RenderRequest) -> None:
    os.write(2, b"x" * 1_000_000 + b"the end")
    os.abort()


BEFORE_REPLY: dict[str, Callable[[RenderRequest], None]] = {
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
    "shout": shout,
    "fork": leave_a_process,
    "memory": ask_for_memory,
    "glib": crash_in_glib,
    "chatter": chatter,
}


def frame(body: str) -> bytes:
    return len(body).to_bytes(LENGTH_BYTES) + body.encode()


def rendered(request: RenderRequest) -> dict[str, Any]:
    """Render as requested, and return the reply as JSON."""
    reply = image_process_main.reply_to(request)
    assert isinstance(reply, RenderReply)
    return reply.model_dump(mode="json")


def lie(request: RenderRequest, **lies: object) -> bytes:
    """Render as requested, and state something else about the first output."""
    reply = rendered(request)
    reply["rendered"]["outputs"][0] |= lies
    return frame(json.dumps(reply))


def lie_about_the_input(request: RenderRequest, **lies: object) -> bytes:
    reply = rendered(request)
    reply["rendered"]["input"] |= lies
    return frame(json.dumps(reply))


def exchange_for_a_link(request: RenderRequest) -> bytes:
    """Leave a link to a file that only the worker may read, and give the link's own size."""
    output = Path(request.folder, "image.png")
    secret = Path(request.folder, "secret")
    reply = lie(request, bytes=len(str(secret)))
    output.replace(secret)
    output.symlink_to(secret)
    return reply


def analyze_unasked(request: RenderRequest) -> bytes:
    reply = rendered(request)
    reply["rendered"]["analysis"] = {"palette": []}
    return frame(json.dumps(reply))


def repeat_outputs(request: RenderRequest, times: int) -> bytes:
    reply = rendered(request)
    reply["rendered"]["outputs"] *= times
    return frame(json.dumps(reply))


def add_a_field(request: RenderRequest) -> bytes:
    reply = rendered(request)
    reply["rendered"]["fence"] = 1
    return frame(json.dumps(reply))


def leave_nothing(request: RenderRequest) -> bytes:
    reply = lie(request)
    Path(request.folder, "image.png").unlink()
    return reply


def raise_engine_bug(request: RenderRequest) -> bytes:
    without_limits = request.model_copy(update={"limits": None})
    return encode_frame(image_process_main.reply_to(without_limits))


REPLIES: dict[str, Callable[[RenderRequest], bytes]] = {
    "garbage": lambda _request: frame("<html>"),
    "bug": raise_engine_bug,
    "bits": lambda _request: frame("\x00" * 40),
    "ready": lambda _request: encode_frame(Ready(level=ConfinementLevel("off", ()))),
    "unknown failure": lambda _request: frame(
        '{"kind": "failure", "code": "os.system", "detail": "x"}'
    ),
    "too long": lambda _request: (MAX_FRAME_BYTES + 1).to_bytes(LENGTH_BYTES),
    "flood": lambda _request: b"\xff" * 10_000_000,
    "none": lambda request: repeat_outputs(request, 0),
    "one too many": lambda request: repeat_outputs(request, 2),
    "one more field": add_a_field,
    "other name": lambda request: lie(request, name="../../etc/passwd"),
    "other path": lambda request: lie(request, path="../../etc/passwd"),
    "same path, spelled otherwise": lambda request: lie(request, path="./image.png"),
    "other type": lambda request: lie(request, media_type="text/html"),
    "other size": lambda request: lie(request, bytes=1),
    "no size": lambda request: lie(request, width=0),
    "huge": lambda request: lie(request, height=MAX_SIDE + 1),
    "text for a number": lambda request: lie(request, width="8"),
    "no digest": lambda request: lie(request, sha256="x" * 64),
    "one more fact": lambda request: lie(request, key="../../etc/passwd"),
    "no input size": lambda request: lie_about_the_input(request, height=0),
    "one more fact of the input": lambda request: lie_about_the_input(request, key="x"),
    "analysis": analyze_unasked,
    "link": exchange_for_a_link,
    "no file": leave_nothing,
}


def main() -> None:
    requests, replies = image_process_main.start(
        int(sys.argv[1]), SandboxPolicy.model_validate_json(sys.argv[2])
    )
    while length := requests.read(LENGTH_BYTES):
        request = REQUEST.validate_json(requests.read(int.from_bytes(length)))
        replies.write(reply_to(request))
        replies.flush()


def reply_to(request: Request) -> bytes:
    if isinstance(request, RenderRequest):
        behaviour = Path(request.input_file).name
        if behaviour in BEFORE_REPLY:
            BEFORE_REPLY[behaviour](request)
        if behaviour in REPLIES:
            return REPLIES[behaviour](request)
        if behaviour in escapes.ESCAPES:
            outcome = escapes.outcome(escapes.ESCAPES[behaviour], request)
            return encode_frame(Failure(code="invalid_image", detail=outcome))
    return encode_frame(image_process_main.reply_to(request))
