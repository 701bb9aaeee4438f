"""Command lines run by a shell, as a user types them."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

BASH = "/bin/bash"


def run_shell(
    script: str, folder: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run the script, which ends at the first command that fails."""
    return subprocess.run(
        [BASH, "-ec", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
