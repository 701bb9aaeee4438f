"""The report: sections and sentences for a terminal, or JSON for a script."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from imagemill.doctor import findings
from imagemill.doctor.findings import Section, Verdict, exit_status
from imagemill.formatting import escape_unprintable

COLORS: Final = {
    Verdict.OK: "green",
    Verdict.WARN: "yellow",
    Verdict.BAD: "bold red",
    Verdict.UNKNOWN: "bold magenta",
}
# Without a terminal, a sentence stays on one line.
UNLIMITED_WIDTH: Final = 400


def print_report(sections: Sequence[Section], fixed: Sequence[str] | None) -> None:
    """Print the report; `fixed` is None when no fixes were asked for."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = UNLIMITED_WIDTH
    for sentence in fixed or ():
        console.print(Text.assemble(("fixed    ", "cyan"), _plain(sentence)))
    for section in sections:
        console.print(Text(f"\n{section.name}", "bold"))
        console.print(_table(section))
    console.print(_conclusion(sections))


def to_json(sections: Sequence[Section], fixed: Sequence[str] | None) -> str:
    """Return the report as JSON; `exit_status` is that of the command."""
    as_dicts = [asdict(section) for section in sections]
    return json.dumps(
        {"exit_status": exit_status(sections), "sections": as_dicts, "fixed": fixed}, indent=2
    )


def _table(section: Section) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for width in (7, 15, None):
        table.add_column(width=width)
    for finding in section.findings:
        verdict = Text(finding.verdict, COLORS[finding.verdict])
        table.add_row(verdict, _plain(finding.subject), _plain(finding.sentence))
        if finding.advice:
            table.add_row("", "", _plain(f"→ {finding.advice}"))
    return table


def _plain(text: str) -> Text:
    """Return the text without effect on the terminal: it may name any file of the storage."""
    return Text(escape_unprintable(text))


def _conclusion(sections: Sequence[Section]) -> Text:
    match exit_status(sections):
        case findings.HEALTHY:
            return Text("\nAll is well.", "green")
        case findings.NEEDS_ATTENTION:
            return Text("\nSomething needs attention.", "yellow")
        case _:
            return Text("\nSome checks could not run.", "bold magenta")
