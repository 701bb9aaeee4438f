"""Makes a run of pytest, and the services that it starts, those of the mutant named in MUTANT."""

import os
import sys
from pathlib import Path

from mutants.mutants import MUTANTS
from support import process

NAME = os.environ["MUTANT"]

MUTANTS[NAME].apply()
process.PROGRAM = (sys.executable, str(Path(__file__).with_name("service.py")), NAME)
