"""Run as a script: `imagemill up` with stand-ins for the gateway and the worker.

`run_up.py DATA PORT JOURNAL [WORKER...]`; WORKER is another command for the worker.
"""

import asyncio
import sys
from pathlib import Path

from imagemill.embedded.errors import EmbeddedError
from imagemill.embedded.stack import ServiceCommands
from imagemill.embedded.up import PlainScreen, up

STAND_IN = (sys.executable, str(Path(__file__).with_name("stand_in.py")))


def main(data: str, port: str, journal: str, *worker: str) -> int:
    commands = ServiceCommands(
        api=(*STAND_IN, "api", journal, port), worker=worker or (*STAND_IN, "worker", journal)
    )
    try:
        return asyncio.run(
            up(Path(data), "127.0.0.1", int(port), PlainScreen(2), commands=commands)
        )
    except EmbeddedError as error:
        print(error, file=sys.stderr)  # noqa: T201 - as the command line does
        return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
