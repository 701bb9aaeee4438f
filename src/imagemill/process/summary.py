"""The outcomes of a run in words."""

from collections.abc import Sequence

from rich.filesize import decimal

from imagemill.process.files import printable, shown
from imagemill.process.outcomes import Outcome, Tally


def summary(tally: Tally, seconds: float, others: int, left: int) -> str:
    """Return the run in one line.

    `others` are files of folders that were no pictures, `left` those that nobody got to.
    """
    files = tally.done + tally.failed + tally.skipped + left
    counts = {
        "failed": tally.failed,
        "skipped (their outputs exist)": tally.skipped,
        "not processed": left,
        "left out (no pictures)": others,
    }
    parts = [f"{files} file{'' if files == 1 else 's'}", f"{tally.done} done"]
    parts += [f"{count} {what}" for what, count in counts.items() if count]
    parts += [_sizes(tally)] if tally.done else []
    return ", ".join([*parts, f"{seconds:.1f} s"])


def line(outcome: Outcome) -> str:
    """Return what became of one file, in a line; why it failed is told at the end of the run."""
    source = shown(outcome.input)
    if outcome.error:
        return f"{source}: failed"
    if outcome.status == "skipped":
        return f"{source}: skipped"
    outputs = ", ".join(f"{shown(one.path)} ({decimal(one.bytes)})" for one in outcome.outputs)
    return f"{source} ({decimal(outcome.bytes)}) → {outputs}"


def failures(outcomes: Sequence[Outcome]) -> list[str]:
    """Return a line for each file that failed, in the order of their names."""
    return [
        f"{shown(one.input)}: {one.error.code}: {printable(one.error.detail)}"
        for one in sorted(outcomes, key=lambda one: one.input)
        if one.error
    ]


def _sizes(tally: Tally) -> str:
    before, after = tally.input_bytes, tally.output_bytes
    change = f" ({100 * (after - before) / before:+.0f} %)" if before else ""
    return f"{decimal(before)} → {decimal(after)}{change}"
