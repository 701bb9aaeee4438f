"""Progress display: a bar on a terminal, a line per file elsewhere, or JSON for a program."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from imagemill.formatting import format_json
from imagemill.process.outcomes import Outcome, Totals
from imagemill.process.summary import (
    format_failures,
    format_ignored,
    format_outcome,
    format_summary,
)


class ProgressDisplay:
    """Collects the outcomes, shows each as it arrives, and a summary at the end.

    With `as_json` each outcome is a line on standard output, and everything else goes to standard
    error. With `quiet` only failures are shown.
    """

    def __init__(self, *, quiet: bool, as_json: bool) -> None:
        self.outcomes: list[Outcome] = []
        self._failed = 0
        self._as_json = as_json
        self._console = Console(stderr=as_json, quiet=quiet, highlight=False, markup=False)
        self._errors = Console(stderr=True, highlight=False, markup=False)
        self._bar = _make_bar(self._console, disable=as_json or not self._console.is_terminal)
        self._started = time.monotonic()

    @contextmanager
    def show_startup(self) -> Iterator[Callable[[str], None]]:
        """Yield a function that shows the current step of the start, if this is a terminal."""
        with self._console.status("Starting …") as status:
            yield status.update

    @contextmanager
    def show_progress(self, files: int) -> Iterator[None]:
        """Show how many of so many files have an outcome, if this is a terminal."""
        self._bar.add_task("", total=files, failed=_format_failed(self._failed))
        with self._bar:
            yield

    def add(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        if self._as_json:
            typer.echo(format_json(outcome.as_json()))
        elif not self._console.is_terminal:
            self._console.print(format_outcome(outcome), soft_wrap=True)
        if outcome.status == "ignored":
            return
        self._failed += outcome.status == "failed"
        for task in self._bar.task_ids:
            self._bar.update(task, advance=1, failed=_format_failed(self._failed))

    def show_stopping(self) -> None:
        """Show that the run was interrupted and will end."""
        self._console.print("Stopping …")  # rich keeps this clear of the bar

    def show_summary(self, files: int) -> None:
        """Show what was ignored and the failures, then the totals, for so many files in all."""
        if self._console.is_terminal:  # elsewhere each of them has its line already
            for line in format_ignored(self.outcomes):
                self._console.print(line, style="dim", soft_wrap=True)
        for failure in format_failures(self.outcomes):
            self._errors.print(failure, style="red", soft_wrap=True)
        seconds = time.monotonic() - self._started
        text = format_summary(Totals.of(self.outcomes), seconds, files)
        self._console.print(text, soft_wrap=True)


def _format_failed(files: int) -> str:
    return f"{files} failed" if files else ""


def _make_bar(console: Console, *, disable: bool) -> Progress:
    return Progress(
        MofNCompleteColumn(),
        TextColumn("files"),
        BarColumn(),
        TextColumn("{task.fields[failed]}", style="red"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=disable,
    )
