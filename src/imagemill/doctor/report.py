"""Shows what was found: to a person in sections and sentences, to a script as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from imagemill.doctor import findings
from imagemill.doctor.findings import Section, Verdict, exit_status

COLOURS: Final = {
    Verdict.OK: "green",
    Verdict.WARN: "yellow",
    Verdict.BAD: "bold red",
    Verdict.UNKNOWN: "bold magenta",
}
# Where nobody looks at a terminal, a sentence stays on one line.
WIDE: Final = 400


def show(sections: Sequence[Section], mended: Sequence[str] | None) -> None:
    """Print everything; `mended` is None when nothing was to be mended."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = WIDE
    for sentence in mended or ():
        console.print(Text.assemble(("mended   ", "cyan"), sentence))
    for section in sections:
        console.print(Text(f"\n{section.name}", "bold"))
        console.print(_table(section))
    console.print(_conclusion(sections))


def as_json(sections: Sequence[Section], mended: Sequence[str] | None) -> str:
    """Return the same for a script; `exit_status` is what the command ends with."""
    found = [asdict(section) for section in sections]
    return json.dumps(
        {"exit_status": exit_status(sections), "sections": found, "mended": mended}, indent=2
    )


def _table(section: Section) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for width in (7, 15, None):
        table.add_column(width=width)
    for finding in section.findings:
        verdict = Text(finding.verdict, COLOURS[finding.verdict])
        table.add_row(verdict, Text(finding.subject), Text(finding.sentence))
        if finding.advice:
            table.add_row("", "", Text(f"→ {finding.advice}"))
    return table


def _conclusion(sections: Sequence[Section]) -> Text:
    match exit_status(sections):
        case findings.NOTHING_TO_MEND:
            return Text("\nAll is well.", "green")
        case findings.SOMETHING_TO_MEND:
            return Text("\nThere is something to mend.", "yellow")
        case _:
            return Text("\nNot everything could be examined.", "bold magenta")
