"""Results as a table on the terminal and as a JSON file."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

RESULTS: Final = Path("bench-results")


def print_table(title: str, rows: Mapping[str, object]) -> None:
    """Print one line for each measurement: its name and its figures."""
    table = Table(title=title)
    table.add_column("")
    table.add_column("", overflow="fold")
    for name, figures in rows.items():
        table.add_row(name, format_figures(figures))
    Console().print(table)


def format_figures(value: object) -> str:
    match value:
        case Mapping():
            return ", ".join(f"{name} {format_figures(one)}" for name, one in value.items())
        case float():
            return f"{value:,.3g}" if abs(value) < 100 else f"{value:,.0f}"
        case _:
            return str(value)


def save(name: str, results: object) -> Path:
    """Write the results to a new file, and print where it is."""
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}.json"
    file.write_text(json.dumps(results, indent=2, default=str) + "\n")
    Console().print(f"Written to {file}", soft_wrap=True)
    return file
