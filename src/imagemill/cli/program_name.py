"""What a user types to run this program, for advice that can be followed as it is printed."""

import shlex
import shutil
import sys
from pathlib import Path


def program_name() -> str:
    """Return `imagemill`, or its path where a shell would not find it or find another."""
    called = Path(sys.argv[0])
    if called.name != "imagemill":  # python -m imagemill
        return f"{shlex.quote(sys.executable)} -m imagemill"
    found = shutil.which("imagemill")
    is_found = found is not None and Path(found).resolve() == called.resolve()
    return "imagemill" if is_found else shlex.quote(str(called))
