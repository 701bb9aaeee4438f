"""Jobs on standard output: coloured on a terminal, columns with tabs elsewhere, or JSON."""

from datetime import datetime
from typing import Any

import typer
from rich.console import Console
from rich.text import Text

from imagemill.cli.job_text import COLORS, describe_end, describe_job
from imagemill.client import Job
from imagemill.formatting import escape_unprintable, format_json


class JobPrinter:
    """Prints a line for each job.

    Without a terminal its columns are: id, status, time, name of the file, and what became of it.
    """

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._console = Console(highlight=False, markup=False, soft_wrap=True)

    def print(self, job: Job, at: datetime) -> None:
        """Print the job as it was at the time."""
        if self._as_json:
            self.print_json(job.model_dump(mode="json"))
        elif self._console.is_terminal:
            line = Text(f"{job.id}  {at.astimezone():%Y-%m-%d %H:%M:%S}  ", style="dim")
            line.append(f"{job.status:<10}", style=f"not dim {COLORS[job.status]}")
            self._console.print(line.append(f"  {describe_job(job)}", style="not dim"))
        else:
            name = escape_unprintable(job.input.filename or "")
            end = "  ".join(describe_end(job))
            typer.echo("\t".join([str(job.id), job.status, _format_time(at), name, end]))

    def print_deleted(self, job_id: object) -> None:
        """Print that the job was deleted."""
        if self._as_json:
            self.print_json({"id": str(job_id), "status": "DELETED"})
        else:
            typer.echo(f"{job_id}\tDELETED")

    def print_remark(self, sentence: str) -> None:
        """Print what only a person wants to know."""
        if self._console.is_terminal and not self._as_json:
            self._console.print(sentence, style="dim")

    def print_json(self, value: dict[str, Any]) -> None:
        typer.echo(format_json(value))


def _format_time(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
