"""The Grafana dashboard, as its file has it."""

import json
from pathlib import Path
from typing import Any, Final

FILE: Final = Path(__file__).parents[2] / "deploy" / "grafana" / "imagemill.json"


def dashboard() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return read


def panels() -> list[dict[str, Any]]:
    """Return the panels that show something."""
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def expressions() -> list[str]:
    """Return every query, with the variables that Grafana replaces replaced."""
    targets = [target for panel in panels() for target in panel["targets"]]
    return [target["expr"].replace("$__rate_interval", "5m") for target in targets]
