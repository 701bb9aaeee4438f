"""The help of every command shows what a value looks like, not Python's types."""

import re
from collections.abc import Iterator

import pytest
import typer
from typer.testing import CliRunner

from imagemill.cli.app import app


def every_command() -> list[list[str]]:
    return [[], *_commands(typer.main.get_command(app), [])]


def _commands(group: object, path: list[str]) -> Iterator[list[str]]:
    for name, command in getattr(group, "commands", {}).items():
        yield [*path, name]
        yield from _commands(command, [*path, name])


@pytest.mark.parametrize("command", every_command(), ids=" ".join)
def test_help_names_no_types(command: list[str]) -> None:
    done = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "120"})
    assert done.exit_code == 0
    assert "--help" in done.output
    assert re.findall(r"<\w[\w\[\] ]*>", done.output) == []
    for line in done.output.splitlines():
        if "--json" in line or "--help" in line:
            assert re.search(r"--\w+ {2,}[A-Z]", line), line  # a switch, and what it does
