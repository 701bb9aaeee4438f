"""Modules that services do without."""

import importlib
import json
import os
import subprocess
import sys

import pytest

from imagemill.cli import unused_modules
from imagemill.cli.unused_modules import without_unused_modules


@pytest.mark.parametrize("service", ["api", "worker"])
def test_a_service_imports_none_of_them(service: str) -> None:
    # It ends as soon as it reads its settings, with all its libraries imported.
    ended = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "imagemill", service],
        env=os.environ | {"PG_PORT": "none"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "PG_PORT" in ended.stderr
    imported = {line.rpartition("|")[2].strip() for line in ended.stderr.splitlines()}
    assert {"structlog.dev", "redis.asyncio"} <= imported
    # The import that fails is listed too, but not what the module would have imported.
    assert not imported & {"rich.console", "opentelemetry.sdk.resources"}


def test_they_can_be_imported_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "tabnanny"  # which nothing here has imported
    monkeypatch.setattr(unused_modules, "UNUSED", (name, "json"))
    with without_unused_modules():
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module(name)
        assert importlib.import_module("json") is json  # it was there already
    assert importlib.import_module(name).__name__ == name
