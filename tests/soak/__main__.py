"""`make soak SECONDS=900`: a line for each resource, and status 1 if one of them grows."""

import argparse
import asyncio
import sys

from rich.console import Console

from imagemill.telemetry.logs import configure_logs
from soak.run import soak


def main() -> None:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=900)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    configure_logs("warning", "console")
    report = asyncio.run(soak(arguments.seconds, arguments.seed))
    console = Console(highlight=False, soft_wrap=True)
    for line in report.lines():
        console.print(line)
    sys.exit(1 if report.growing() else 0)


if __name__ == "__main__":
    main()
