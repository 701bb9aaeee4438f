"""Where outputs go, decided before anything is sent, so that no output takes another's place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from imagemill.imaging.formats import FORMATS, HEIC, JPEG
from imagemill.process.errors import Misused
from imagemill.process.files import shown
from imagemill.process.inputs import Input

PLAIN_NAME: Final = "image"


@dataclass(frozen=True, slots=True)
class Naming:
    """How outputs are named: `<stem>.<ext>` for a single one named image, else with its name.

    `formats` are the outputs' names with the format that was asked for; None is the input's.
    """

    out: Path
    formats: Mapping[str, str | None]

    @classmethod
    def of(cls, out: Path, pipeline: Any) -> Self:  # noqa: ANN401 - any JSON, unchecked
        """Return the naming for a pipeline as JSON; what is malformed has no outputs."""
        outputs = pipeline.get("outputs") if isinstance(pipeline, dict) else None
        objects = [
            one for one in (outputs if isinstance(outputs, list) else ()) if isinstance(one, dict)
        ]
        formats = {str(one.get("name", PLAIN_NAME)): one.get("format") for one in objects}
        return cls(out, {name: format_ and str(format_) for name, format_ in formats.items()})

    def path(self, source: Input, name: str, suffix: str) -> Path:
        """Return where the output of this name goes; the suffix has its dot."""
        is_plain = list(self.formats) == [PLAIN_NAME]
        stem = source.path.stem if is_plain else f"{source.path.stem}-{name}"
        return self.out / source.place / f"{stem}{suffix}"

    def expected(self, source: Input) -> dict[str, Path]:
        """Return where each output should go, by its name."""
        return {
            name: self.path(source, name, _suffix(format_ or _own_format(source)))
            for name, format_ in self.formats.items()
        }


def _own_format(source: Input) -> str:
    # A HEIC becomes a PNG if it is transparent, which hardly any is.
    return str(JPEG.name if source.format is HEIC else source.format.name)


def _suffix(format_: str) -> str:
    known = {str(name): one.extension for name, one in FORMATS.items()}
    return known.get(format_, f".{format_}")


@dataclass(slots=True)
class Claims:
    """Whose each output of this run is. No output may take the place of another, or of an input."""

    inputs: frozenset[Path]
    holders: dict[Path, Path] = field(default_factory=dict)

    @classmethod
    def of(cls, naming: Naming, inputs: Sequence[Input]) -> Self:
        """Return the claims of all inputs. Raises Misused, naming both, when two files clash."""
        claims = cls(frozenset(source.path.resolve() for source in inputs))
        for source in inputs:
            for path in naming.expected(source).values():
                claims.claim(path, source.path)
        return claims

    def claim(self, path: Path, source: Path) -> None:
        """Let the path belong to the input. Raises Misused when it is another's, or an input."""
        place = path.resolve()
        if place in self.inputs:
            raise Misused(
                f"{shown(path)} would be replaced by the output of {shown(source)}:"
                " choose another folder with --out."
            )
        holder = self.holders.setdefault(place, source)
        if holder != source:
            raise Misused(
                f"{shown(holder)} and {shown(source)} would both become {shown(path)}:"
                " process them into different folders."
            )
