"""Runs `imagemill` as a mutant: `python service.py MUTANT ARGUMENT...`."""

import sys

from imagemill.cli import app
from mutants import MUTANTS  # type: ignore[attr-defined]  # its neighbour, for this is a script

if __name__ == "__main__":
    MUTANTS[sys.argv.pop(1)].apply(setattr)
    app()
