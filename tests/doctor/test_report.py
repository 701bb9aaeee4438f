"""The report as text."""

import pytest

from imagemill.doctor.findings import Section, bad
from imagemill.doctor.report import print_report


def test_a_name_in_the_storage_does_not_control_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    hostile = "inputs/\x1b]0;owned\x07\x9b31m[red].jpg"
    finding = bad("files", f"{hostile} is missing.", f"Restore {hostile}.")
    print_report([Section("storage", (finding,))], [f"{hostile} was restored."])
    shown = capsys.readouterr().out
    assert shown.count(r"inputs/\x1b]0;owned\x07\x9b31m[red].jpg") == 3
    assert shown.replace("\n", "").isprintable()
