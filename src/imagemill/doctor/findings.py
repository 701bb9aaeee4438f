"""What an examination found, in a sentence, and how bad it is."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final


class Verdict(StrEnum):
    """OK; WARN: no promise is broken, mend it by day; BAD: one is, or may be; or nobody knows."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"
    UNKNOWN = "unknown"


NOTHING_TO_MEND: Final = 0
SOMETHING_TO_MEND: Final = 1
CANNOT_CHECK: Final = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence on one subject, what to do about it, and the same as data for a script."""

    subject: str
    verdict: Verdict
    sentence: str
    advice: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Section:
    """What was found in one part of the mill."""

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
    """Return what the command ends with: 0 all is well, 1 something to mend, 2 cannot check."""
    verdicts = {finding.verdict for section in sections for finding in section.findings}
    if Verdict.UNKNOWN in verdicts:
        return CANNOT_CHECK
    return SOMETHING_TO_MEND if verdicts - {Verdict.OK} else NOTHING_TO_MEND
