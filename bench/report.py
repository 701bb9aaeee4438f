"""Results as a table on the terminal and as a JSON file."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

RESULTS: Final = Path("bench-results")
WIDTH: Final = 110


def print_table(title: str, sections: Mapping[str, object]) -> None:
    """Print one line for each measurement, under the name of its section."""
    table = Table(title=title, show_header=False)
    for section, lines in sections.items():
        table.add_section()
        if not isinstance(lines, Mapping):
            table.add_row(section, "", format_figures(lines))
            continue
        for number, (name, figures) in enumerate(lines.items()):
            table.add_row("" if number else section, name, format_figures(figures))
    Console(width=WIDTH).print(table)


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
