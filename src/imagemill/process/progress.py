"""What a run shows: a bar to people at a terminal, lines to a file, JSON to a program."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from imagemill.process.outcomes import Outcome, Tally
from imagemill.process.summary import failures, line, summary


class Screen:
    """Collects the outcomes, shows each as it comes and their sum at the end.

    With `as_json` each is a line on standard output, and what is for people goes to standard
    error. With `quiet` people are told of nothing but failures.
    """

    def __init__(self, *, quiet: bool, as_json: bool) -> None:
        self.outcomes: list[Outcome] = []
        self._failed = 0
        self._as_json = as_json
        self._people = Console(stderr=as_json, quiet=quiet, highlight=False, markup=False)
        self._errors = Console(stderr=True, highlight=False, markup=False)
        self._bar = _bar(self._people, disable=as_json or not self._people.is_terminal)
        self._started = time.monotonic()

    @contextmanager
    def starting(self) -> Iterator[Callable[[str], None]]:
        """Yield a function that shows, at a terminal, what is being waited for."""
        with self._people.status("Starting …") as status:
            yield status.update

    @contextmanager
    def processing(self, files: int) -> Iterator[None]:
        """Show, at a terminal, how many of so many files have an outcome."""
        self._bar.add_task("", total=files, failed=_failed(self._failed))
        with self._bar:
            yield

    def take(self, outcome: Outcome) -> None:
        """Take note of what became of a file."""
        self.outcomes.append(outcome)
        if self._as_json:
            typer.echo(json.dumps(outcome.as_json()))
        elif not self._people.is_terminal:
            self._people.print(line(outcome), soft_wrap=True)
        self._failed += outcome.status == "failed"
        for task in self._bar.task_ids:
            self._bar.update(task, advance=1, failed=_failed(self._failed))

    def stopping(self) -> None:
        """Say that the end has been asked for and is on its way."""
        self._people.print("Stopping …")  # which keeps clear of the bar

    def sum_up(self, files: int, others: int) -> None:
        """Show the failures, then all in one line; `others` are files that were no pictures."""
        for failure in failures(self.outcomes):
            self._errors.print(failure, style="red", soft_wrap=True)
        seconds, left = time.monotonic() - self._started, files - len(self.outcomes)
        text = summary(Tally.of(self.outcomes), seconds, others, left)
        self._people.print(text, soft_wrap=True)


def _failed(files: int) -> str:
    return f"{files} failed" if files else ""


def _bar(console: Console, *, disable: bool) -> Progress:
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
