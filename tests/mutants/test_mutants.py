"""Each guard of the protocol has a test that fails without it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mutants.mutants import MUTANTS

TESTS = Path(__file__).parent.parent
FAILED = 1  # of pytest's exit statuses the one that says: tests ran, and some failed


@pytest.mark.parametrize("name", MUTANTS)
def test_every_mutant_of_the_protocol_fails_its_test(name: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "mutants.plugin", MUTANTS[name].test],
        cwd=TESTS,
        env={**os.environ, "MUTANT": name, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == FAILED, ran.stdout[-3000:] + ran.stderr[-3000:]
    assert "1 failed" in ran.stdout, ran.stdout[-3000:]
