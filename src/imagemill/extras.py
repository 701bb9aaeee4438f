"""The command that installs an extra which is missing, for the installer that was used before."""

import shlex
import sys
from importlib.metadata import distribution
from importlib.util import find_spec
from json import loads
from pathlib import Path


def install_command(extra: str) -> str:
    """Return the command line, quoted for a shell.

    uv and pipx keep a program in an environment of its own, where a `pip install` of its user does
    not reach.
    """
    prefix, python = Path(sys.prefix), shlex.quote(sys.executable)
    if (prefix / "uv-receipt.toml").exists():
        return f"uv tool install {_requirement(extra)}"
    if (prefix / "pipx_metadata.json").exists():
        return f"pipx install --force {_requirement(extra)}"
    if find_spec("pip") is None:
        return f"uv pip install --python {python} 'imagemill[{extra}]'"
    return f"{python} -m pip install 'imagemill[{extra}]'"


def _requirement(extra: str) -> str:
    """Return the requirement of the extra, with the address of the wheel that was installed."""
    text = distribution("imagemill").read_text("direct_url.json")  # PEP 610
    source = f" @ {loads(text)['url']}" if text else ""
    return shlex.quote(f"imagemill[{extra}]{source}")
