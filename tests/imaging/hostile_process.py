"""A child as the worker's sandbox starts it, that a hostile picture has taken over.

What it does with a request stands in the name of the input file; any other name is rendered as
always. Its arguments are those of a child.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from imagemill.imaging.sandbox import image_process_main
from imagemill.imaging.sandbox.confine.level import ConfinementLevel
from imagemill.imaging.sandbox.confine.policy import SandboxPolicy
from imagemill.imaging.sandbox.protocol import (
    LENGTH_BYTES,
    MAX_FRAME,
    REQUEST,
    Done,
    Failed,
    Ready,
    Render,
    Request,
    encode_frame,
)
from imaging import escapes


def kill(number: signal.Signals) -> Callable[[Render], None]:
    return lambda _request: os.kill(os.getpid(), number)


def sleep(request: Render) -> None:
    escapes.output(request).write_bytes(b"began")
    time.sleep(1000)


def spin_later(request: Render) -> None:
    """Go on working when the reply has long been sent."""
    threading.Thread(target=spin, args=(request,), daemon=True).start()


def spin(_request: Render) -> None:
    while True:
        pass


def shout(_request: Render) -> None:
    """Write to standard output from C, as a library might."""
    ctypes.CDLL(None).puts(b"noise" * 1000)
    ctypes.CDLL(None).fflush(None)


def leave_a_child(request: Render) -> None:
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
    (escapes.scratch_dir(request) / "sleeper").write_text(str(sleeper.pid))
    os.kill(os.getpid(), signal.SIGSEGV)


def ask_for_memory(_request: Render) -> None:
    bytearray(8 * 1024**3)


def crash_in_glib(_request: Render) -> None:
    sys.stderr.write("GLib-ERROR: failed to allocate 400000000 bytes\n")
    sys.stderr.flush()
    os.abort()


def exit_quietly(_request: Render) -> None:
    os._exit(3)


def chatter(_request: Render) -> None:
    os.write(2, b"x" * 1_000_000 + b"the end")
    os.abort()


BEFORE: dict[str, Callable[[Render], None]] = {
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
    "fork": leave_a_child,
    "memory": ask_for_memory,
    "glib": crash_in_glib,
    "chatter": chatter,
}


def framed_text(text: str) -> bytes:
    return len(text).to_bytes(LENGTH_BYTES) + text.encode()


def lie(request: Render, **lies: object) -> bytes:
    """Render as asked, and tell something else about the first output."""
    done = image_process_main.answer(request)
    assert isinstance(done, Done)
    first = done.outputs[0].model_copy(update=lies)
    return encode_frame(done.model_copy(update={"outputs": (first, *done.outputs[1:])}))


def exchange_for_a_link(request: Render) -> bytes:
    """Leave a link to a file that only the worker may read, and give the link's own size."""
    output = Path(request.folder, "image.png")
    secret = Path(request.folder, "secret")
    reply = lie(request, bytes=len(str(secret)))
    output.replace(secret)
    output.symlink_to(secret)
    return reply


def analyze_unasked(request: Render) -> bytes:
    done = image_process_main.answer(request)
    assert isinstance(done, Done)
    return encode_frame(done.model_copy(update={"analysis": {"palette": []}}))


def say_it_twice(request: Render) -> bytes:
    done = image_process_main.answer(request)
    assert isinstance(done, Done)
    return encode_frame(done.model_copy(update={"outputs": done.outputs * 2}))


def leave_nothing(request: Render) -> bytes:
    reply = lie(request)
    Path(request.folder, "image.png").unlink()
    return reply


def stumble(request: Render) -> bytes:
    """Meet a bug of ours, in the middle of a render."""
    too_few = request.model_copy(update={"limits": None})
    return encode_frame(image_process_main.answer(too_few))


INSTEAD: dict[str, Callable[[Render], bytes]] = {
    "garbage": lambda _request: framed_text("<html>"),
    "bug": stumble,
    "bits": lambda _request: framed_text("\x00" * 40),
    "ready": lambda _request: encode_frame(Ready(level=ConfinementLevel("off", ()))),
    "unknown failure": lambda _request: framed_text(
        '{"kind": "failed", "failure": "os.system", "detail": "x"}'
    ),
    "too long": lambda _request: (MAX_FRAME + 1).to_bytes(LENGTH_BYTES),
    "flood": lambda _request: b"\xff" * 10_000_000,
    "one too many": say_it_twice,
    "other name": lambda request: lie(request, name="../../etc/passwd"),
    "other type": lambda request: lie(request, media_type="text/html"),
    "other size": lambda request: lie(request, bytes=1),
    "no size": lambda request: lie(request, width=0),
    "analysis": analyze_unasked,
    "link": exchange_for_a_link,
    "no file": leave_nothing,
}


def main() -> None:
    requests, replies = image_process_main.set_up(
        int(sys.argv[1]), SandboxPolicy.model_validate_json(sys.argv[2])
    )
    while length := requests.read(LENGTH_BYTES):
        request = REQUEST.validate_json(requests.read(int.from_bytes(length)))
        replies.write(reply_to(request))
        replies.flush()


def reply_to(request: Request) -> bytes:
    if isinstance(request, Render):
        behaviour = Path(request.input_file).name
        if behaviour in BEFORE:
            BEFORE[behaviour](request)
        if behaviour in INSTEAD:
            return INSTEAD[behaviour](request)
        if behaviour in escapes.ESCAPES:
            outcome = escapes.outcome(escapes.ESCAPES[behaviour], request)
            return encode_frame(Failed(failure="invalid_image", detail=outcome))
    return encode_frame(image_process_main.answer(request))
