"""What holds for every command: how long its help takes, wrong options, completion."""

import subprocess
import sys

import pytest

from .program import imagemill

# What services import, and commands when they are run: each takes longer than the help may.
HEAVY = {"aiohttp", "fastapi", "httpx", "imagemill.settings", "numpy", "psycopg", "pydantic"}


def test_the_help_loads_none_of_the_libraries_of_the_commands() -> None:
    loaded = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "imagemill", "--help"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    names = {line.rpartition("|")[2].strip() for line in loaded.stderr.splitlines()}
    assert "imagemill.cli.app" in names
    assert names & HEAVY == set()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["proces"], "imagemill: No such command 'proces'"),
        (["process"], "imagemill process: Missing argument 'FILES'"),
        (["keys"], "imagemill keys: Missing command"),
        (["up", "--port", "0"], "imagemill up: Invalid value for '--port'"),
    ],
)
def test_a_script_reads_in_one_line_what_is_wrong(arguments: list[str], line: str) -> None:
    done = imagemill(*arguments)
    assert done.returncode == 2
    (said,) = done.stderr.splitlines()
    assert said.startswith(line)
    assert said.endswith(" --help.")


def test_a_shell_completes_commands_options_and_words() -> None:
    def complete(words: str) -> list[str]:
        last = str(len(words.split()) - 1)
        done = imagemill(_IMAGEMILL_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=last)
        return done.stdout.split()

    assert complete("imagemill dem") == ["demo"]
    assert complete("imagemill process --wid") == ["--width"]
    assert complete("imagemill process --fit in") == ["inside"]
    assert complete("imagemill jobs list --status F") == ["FAILED"]
    assert "_imagemill_completion" in imagemill("--show-completion", "bash").stdout
