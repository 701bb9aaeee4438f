"""Outcomes of a run as text."""

from collections.abc import Sequence
from typing import Final

from imagemill.formatting import escape_unprintable, format_size
from imagemill.process.files import format_path
from imagemill.process.outcomes import Outcome, Totals

# Of thousands of files that are no images, the first ones say enough.
MAX_IGNORED_LINES: Final = 10


def format_summary(totals: Totals, seconds: float, files: int) -> str:
    """Return the totals for so many files in one line; an interruption leaves some unprocessed."""
    unprocessed = files - totals.done - totals.failed - totals.skipped
    counts = {
        "failed": totals.failed,
        "skipped (their outputs exist)": totals.skipped,
        "not processed": unprocessed,
        "ignored": totals.ignored,
    }
    parts = [f"{files} file{'' if files == 1 else 's'}", f"{totals.done} done"]
    parts += [f"{count} {what}" for what, count in counts.items() if count]
    parts += [_format_sizes(totals)] if totals.done else []
    return ", ".join([*parts, f"{seconds:.1f} s"])


def format_outcome(outcome: Outcome) -> str:
    """Return one file's outcome in one line, without the reason of a failure."""
    source = format_path(outcome.input)
    if outcome.error:
        return f"{source}: failed"
    if outcome.status == "skipped":
        return f"{source}: skipped"
    if outcome.status == "ignored":
        return f"{source}: ignored ({outcome.reason})"
    outputs = ", ".join(
        f"{format_path(one.path)} ({format_size(one.bytes)})" for one in outcome.outputs
    )
    return f"{source} ({format_size(outcome.bytes)}) → {outputs}"


def format_failures(outcomes: Sequence[Outcome]) -> list[str]:
    """Return a line with code and detail for each failed file, sorted by path."""
    return [
        f"{format_path(one.input)}: {one.error.code}: {escape_unprintable(one.error.detail)}"
        for one in sorted(outcomes, key=lambda one: one.input)
        if one.error
    ]


def format_ignored(outcomes: Sequence[Outcome]) -> list[str]:
    """Return a line for each ignored file, up to MAX_IGNORED_LINES, and how many more there are."""
    ignored = [one for one in outcomes if one.status == "ignored"]
    lines = [format_outcome(one) for one in ignored[:MAX_IGNORED_LINES]]
    more = len(ignored) - len(lines)
    return [*lines, f"… and {more:,} more ignored"] if more else lines


def _format_sizes(totals: Totals) -> str:
    before, after = totals.input_bytes, totals.output_bytes
    change = f" ({100 * (after - before) / before:+.0f} %)" if before else ""
    return f"{format_size(before)} → {format_size(after)}{change}"
