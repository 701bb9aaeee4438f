"""`make sweep FOLDERS=…`: prints a summary, and exits with status 1 if there is a fault."""

import argparse
import asyncio
import sys
from pathlib import Path
from subprocess import CalledProcessError

from rich.console import Console

from imagemill.telemetry.logs import configure_logs
from sweep.exceptions import read_exceptions
from sweep.pictures import fetch_pictures, list_pictures
from sweep.run import sweep


def main() -> None:
    parser = argparse.ArgumentParser(prog="make sweep", description=__doc__)
    parser.add_argument("--cache", type=Path, default=Path("../.sweep"))
    parser.add_argument(
        "--exceptions", action="store_true", help="list the pictures that are exceptions, too"
    )
    parser.add_argument(
        "folders",
        type=Path,
        nargs="*",
        help="default: the pictures of Pillow's and its kin's tests",
    )
    arguments = parser.parse_args()
    configure_logs("critical", "console")
    folders = {str(folder): folder for folder in arguments.folders}
    try:
        pictures = list_pictures(folders or fetch_pictures(arguments.cache))
    except CalledProcessError as error:
        sys.exit(f"The pictures cannot be fetched: pip ended with status {error.returncode}.")
    report = asyncio.run(sweep(pictures, read_exceptions(), is_complete=not folders))
    console = Console(highlight=False, soft_wrap=True, markup=False)
    for line in report.lines(with_exceptions=arguments.exceptions):
        console.print(line)
    sys.exit(1 if report.faults() else 0)


if __name__ == "__main__":
    main()
