"""`make fuzz COUNT=5000`: prints a summary, and exits with status 1 if it found a bug."""

import argparse
import asyncio
import secrets
import sys

from rich.console import Console

from fuzz.run import fuzz
from imagemill.telemetry.logs import configure_logs


def main() -> None:
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    arguments = parser.parse_args()
    configure_logs("error", "console")
    outcome = asyncio.run(fuzz(arguments.count, arguments.seed))
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"{outcome.summary()}, seed {arguments.seed}")
    for bug in outcome.bugs:
        console.print(f"  {bug}")
    sys.exit(1 if outcome.bugs else 0)


if __name__ == "__main__":
    main()
