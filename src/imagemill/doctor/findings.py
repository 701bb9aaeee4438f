"""Findings of the checks, their verdicts, and the exit status that follows from them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final


class Verdict(StrEnum):
    """OK; WARN: it can wait; BAD: jobs or files are affected; UNKNOWN: not checked."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"
    UNKNOWN = "unknown"


# Keys or ids that the facts of a finding list; its `count` is that of all.
MAX_LISTED: Final = 20

HEALTHY: Final = 0
NEEDS_ATTENTION: Final = 1
NOT_CHECKED: Final = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """A sentence on one subject, advice what to do, and the facts for a script."""

    subject: str
    verdict: Verdict
    sentence: str
    advice: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Section:
    """The findings on one part of the service."""

    name: str
    findings: tuple[Finding, ...]


def ok(subject: str, sentence: str, **facts: object) -> Finding:
    return Finding(subject, Verdict.OK, sentence, None, facts)


def warn(subject: str, sentence: str, advice: str, **facts: object) -> Finding:
    return Finding(subject, Verdict.WARN, sentence, advice, facts)


def bad(subject: str, sentence: str, advice: str, **facts: object) -> Finding:
    return Finding(subject, Verdict.BAD, sentence, advice, facts)


def unknown(subject: str, sentence: str, advice: str) -> Finding:
    return Finding(subject, Verdict.UNKNOWN, sentence, advice)


def exit_status(sections: Iterable[Section]) -> int:
    """Return 0 when all is well, 1 when something needs attention, 2 when a check could not run."""
    verdicts = {finding.verdict for section in sections for finding in section.findings}
    if Verdict.UNKNOWN in verdicts:
        return NOT_CHECKED
    return NEEDS_ATTENTION if verdicts - {Verdict.OK} else HEALTHY
