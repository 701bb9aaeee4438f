"""Outcomes of a run as text."""

from pathlib import Path

from imagemill.process.outcomes import Outcome, Totals, WrittenOutput
from imagemill.process.summary import format_outcome, format_summary


def test_sizes_are_written_as_other_commands_write_them() -> None:
    output = WrittenOutput("image", Path("cat.webp"), "image/webp", 1536, 40, 30)
    outcome = Outcome(Path("cat.jpg"), "done", 3 * 1024**2, outputs=[output])
    assert format_outcome(outcome) == "cat.jpg (3.0 MiB) → cat.webp (1.5 KiB)"
    totals = Totals(1, 0, 0, 0, 3 * 1024**2, 1536)
    assert format_summary(totals, 0.25, 1) == "1 file, 1 done, 3.0 MiB → 1.5 KiB (-100 %), 0.2 s"
