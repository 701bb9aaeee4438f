"""`make chaos SECONDS=600`: one line of what came of it, and status 1 if a promise was broken."""

import argparse
import asyncio
import secrets
import sys

from rich.console import Console

from chaos.run import run_chaos
from imagemill.telemetry.logs import configure_logs


def main() -> None:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    arguments = parser.parse_args()
    configure_logs("warning", "console")
    report = asyncio.run(run_chaos(arguments.seconds, arguments.seed))
    console = Console(highlight=False, soft_wrap=True)
    console.print(report.line())
    missing = [f"{what}: did not happen" for what in report.faults_that_did_not_happen()]
    for sentence in report.findings.broken_promises() + missing:
        console.print(f"  {sentence}")
    sys.exit(1 if report.findings.broken_promises() or missing else 0)


if __name__ == "__main__":
    main()
