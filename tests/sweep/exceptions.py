"""The pictures that imagemill and Pillow do not treat alike, with the reasons: exceptions.toml."""

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path

FILE = Path(__file__).parent / "exceptions.toml"


class Verdict(StrEnum):
    """How imagemill and Pillow treat a file. A LOST one broke an image process."""

    ALIKE = "alike"
    REFUSED = "refused by both"
    DIFFERENT = "different"
    ONLY_PILLOW = "only pillow"
    ONLY_IMAGEMILL = "only imagemill"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Exceptions:
    """Patterns of names by verdict, and Pillow's names of formats that imagemill does not take."""

    patterns: dict[Verdict, tuple[str, ...]]
    formats: frozenset[str]

    def is_foreign(self, kind: str, verdict: Verdict) -> bool:
        """Return whether imagemill refused a format that it does not take."""
        return verdict is Verdict.ONLY_PILLOW and kind in self.formats

    def find(self, name: str, kind: str, verdict: Verdict) -> str | None:
        """Return the pattern or format that allows the verdict."""
        if self.is_foreign(kind, verdict):
            return kind
        patterns = self.patterns.get(verdict, ())
        return next((pattern for pattern in patterns if fnmatchcase(name, pattern)), None)

    def all_names(self) -> list[str]:
        """Return every pattern."""
        return [pattern for patterns in self.patterns.values() for pattern in patterns]


def read_exceptions(file: Path = FILE) -> Exceptions:
    """Raise KeyError or ValueError for an entry without a reason, or with an unknown verdict."""
    content = tomllib.loads(file.read_text())
    patterns: dict[Verdict, tuple[str, ...]] = {}
    for entry in content["exception"]:
        if not entry["reason"].strip():
            raise ValueError(f"no reason for {entry['files']}")
        verdict = Verdict(entry["verdict"])
        patterns[verdict] = patterns.get(verdict, ()) + tuple(entry["files"])
    return Exceptions(patterns, frozenset(content["not_taken"]["formats"]))
