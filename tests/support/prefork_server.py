"""Run as `python prefork_server.py SOCKET`: forks itself into `imagemill` as often as it is asked.

What is forked has no thread, no connection and no settings yet; it runs the command line from its
beginning, with the environment and the values of constants that it is given.
"""

import gc
import json
import os
import random
import socket
import sys
from typing import Any

import imagemill.gateway.limits.rate_limiter
import imagemill.gateway.service
import imagemill.telemetry.otel
import imagemill.worker.service  # noqa: F401 - imported for those that are forked
from imagemill.cli import app

MAX_MESSAGE_BYTES = 65_536


def serve(orders: socket.socket) -> None:
    """Answer until the other end is closed; return in each process that is forked."""
    while True:
        message, descriptors, _, _ = socket.recv_fds(orders, MAX_MESSAGE_BYTES, 1)
        if not message:
            sys.exit()
        order = json.loads(message)
        if "poll" in order:
            pid, status = os.waitpid(order["poll"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if pid else None
        else:
            answer = os.fork()
            if not answer:
                become(order, *descriptors)
                return
            os.close(*descriptors)
        orders.send(json.dumps(answer).encode())


def become(order: dict[str, Any], output: int) -> None:
    for standard in (1, 2):
        os.dup2(output, standard)
    os.close(output)
    os.environ.clear()
    os.environ.update(order["environment"])
    for name, value in order["constants"].items():
        module, _, constant = name.rpartition(".")
        setattr(sys.modules[module], constant, value)
    sys.argv = ["imagemill", *order["arguments"]]
    random.seed()  # or all services would draw the same delays


if __name__ == "__main__":
    gc.collect()
    gc.freeze()  # no collection touches, and so copies, what all share
    with socket.socket(fileno=int(sys.argv[1])) as orders:
        serve(orders)
    app()
