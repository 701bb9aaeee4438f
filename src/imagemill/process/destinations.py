"""Paths of the outputs, reserved before a file is sent: no output replaces another or an input."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from imagemill.imaging.formats import FORMATS, choose_default_format
from imagemill.job_request import SHORTHAND_NAME
from imagemill.process.errors import UsageError
from imagemill.process.files import format_path
from imagemill.process.inputs import Input


@dataclass(frozen=True, slots=True)
class OutputNaming:
    """How outputs are named: `<stem>.<ext>` for a single output named image, else with its name.

    `formats` maps the outputs' names to the format that was asked for; None keeps the input's.
    Outputs of the inputs in `ambiguous` are named after the whole name: `cat.png.webp`.
    """

    out: Path
    formats: Mapping[str, str | None]
    ambiguous: frozenset[Path] = frozenset()

    @classmethod
    def of_pipeline(cls, out: Path, pipeline: Any) -> Self:  # noqa: ANN401 - any JSON, unchecked
        """Return the naming for a pipeline as JSON; a malformed one has no outputs."""
        outputs = pipeline.get("outputs") if isinstance(pipeline, dict) else None
        objects = [
            one for one in (outputs if isinstance(outputs, list) else ()) if isinstance(one, dict)
        ]
        formats = {str(one.get("name", SHORTHAND_NAME)): one.get("format") for one in objects}
        return cls(out, {name: format_ and str(format_) for name, format_ in formats.items()})

    def tell_apart(self, inputs: Sequence[Input]) -> Self:
        """Return the naming under which no two of the inputs share a path, as far as possible.

        All inputs that would share one keep their suffixes, the first of them too: which one is
        first may differ in the next run, which would then take the output of another for its own.
        """
        naming = self
        # Again, since `cat.jpg.webp` may be what a file named `cat.jpg.png` becomes.
        while more := naming._find_ambiguous(inputs) - naming.ambiguous:
            naming = replace(naming, ambiguous=naming.ambiguous | more)
        return naming

    def _find_ambiguous(self, inputs: Sequence[Input]) -> frozenset[Path]:
        sources = defaultdict[Path, set[Path]](set)
        for source in inputs:
            for path in self.expected_paths(source).values():
                sources[path].add(source.path)
        return frozenset().union(*(same for same in sources.values() if len(same) > 1))

    def path(self, source: Input, name: str, suffix: str) -> Path:
        """Return the path of the output of this name; the suffix begins with its dot."""
        base = source.path.name if source.path in self.ambiguous else source.path.stem
        is_single = list(self.formats) == [SHORTHAND_NAME]
        stem = base if is_single else f"{base}-{name}"
        return self.out / source.subfolder / f"{stem}{suffix}"

    def expected_paths(self, source: Input) -> dict[str, Path]:
        """Return the path of each output, by its name, as far as its format can be foreseen."""
        return {
            name: self.path(source, name, _suffix(format_ or _kept_format(source)))
            for name, format_ in self.formats.items()
        }


def _kept_format(source: Input) -> str:
    # A HEIC becomes a PNG if it is transparent, which hardly any is.
    return str(choose_default_format(source.format, has_alpha=False).name)


def _suffix(format_: str) -> str:
    known = {str(name): one.extension for name, one in FORMATS.items()}
    return known.get(format_, f".{format_}")


@dataclass(slots=True)
class Reservations:
    """Which input each output path of this run belongs to."""

    inputs: frozenset[Path]
    owners: dict[Path, Path] = field(default_factory=dict)

    @classmethod
    def of_inputs(cls, naming: OutputNaming, inputs: Sequence[Input]) -> Self:
        """Reserve the expected paths of all inputs. Raises UsageError when two inputs clash."""
        reservations = cls(frozenset(source.path.resolve() for source in inputs))
        for source in inputs:
            for path in naming.expected_paths(source).values():
                reservations.reserve(path, source.path)
        return reservations

    def reserve(self, path: Path, source: Path) -> None:
        """Reserve the path for the input.

        Raises UsageError when the path is reserved for another input, or is an input itself.
        """
        resolved = path.resolve()
        if resolved in self.inputs:
            raise UsageError(
                f"{format_path(path)} would be replaced by the output of {format_path(source)}:"
                " choose another folder with --out."
            )
        owner = self.owners.setdefault(resolved, source)
        if owner != source:
            raise UsageError(
                f"{format_path(owner)} and {format_path(source)} would both become"
                f" {format_path(path)}: process them into different folders."
            )
