"""The example of TLS for the containers: a configuration that Caddy takes."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from .proxy_server import CADDY

EXAMPLE = Path(__file__).parents[2] / "deploy" / "caddy" / "Caddyfile"


@pytest.mark.skipif(not CADDY, reason="caddy is not installed: `make neighbours` installs it")
def test_caddy_takes_the_example_and_would_not_format_it_differently(tmp_path: Path) -> None:
    copy = shutil.copy(EXAMPLE, tmp_path)
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "DOMAIN": "images.example"}
    for command in ("validate", "fmt"):
        options = ("--config", copy) if command == "validate" else ("--overwrite", copy)
        ended = subprocess.run(
            [CADDY, command, *options], env=environment, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stderr
    assert Path(copy).read_text(encoding="utf-8") == EXAMPLE.read_text(encoding="utf-8")
