"""Which files the arguments stand for: a picture is known by its first bytes, not by its name."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from imagemill.imaging.formats import INPUTS, SNIFF_BYTES, Format, sniff
from imagemill.process.errors import FileFailed


@dataclass(frozen=True, slots=True)
class Input:
    """A picture. `place` is the folder it lay in, seen from the folder that was named."""

    path: Path
    place: PurePath
    format: Format


@dataclass(slots=True)
class FoundInputs:
    """What the arguments stand for. `others` counts the files of folders that are no pictures."""

    inputs: list[Input] = field(default_factory=list)
    failed: list[tuple[Path, FileFailed]] = field(default_factory=list)
    others: int = 0


def find_inputs(arguments: Iterable[Path], out: Path) -> FoundInputs:
    """Return the pictures among the files and, recursively, in the folders; each once.

    A folder of outputs inside a named folder is left out: the next run would process its own
    results. Links to folders are not followed.
    """
    found = FoundInputs()
    seen: set[tuple[Path, PurePath]] = set()
    for argument in arguments:
        for path, place in _files(argument, out.resolve(), found):
            if (path.resolve(), place) not in seen:
                seen.add((path.resolve(), place))
                _look_at(path, place, found, is_named=path == argument)
    return found


def _files(argument: Path, out: Path, found: FoundInputs) -> Iterator[tuple[Path, PurePath]]:
    if not argument.is_dir():
        yield argument, PurePath()
        return

    def cannot_list(error: OSError) -> None:
        found.failed.append((Path(error.filename), _unreadable(error)))

    for name, folders, files in os.walk(argument, onerror=cannot_list):
        folder = Path(name)
        folders[:] = sorted(each for each in folders if (folder / each).resolve() != out)
        for file in sorted(files):
            yield folder / file, folder.relative_to(argument)


def _look_at(path: Path, place: PurePath, found: FoundInputs, *, is_named: bool) -> None:
    try:
        format_ = _sniffed(path)
    except OSError as error:
        found.failed.append((path, _unreadable(error)))
        return
    if format_:
        found.inputs.append(Input(path, place, format_))
    elif is_named:
        known = ", ".join(INPUTS)
        sentence = f"The first bytes are those of no format we take: {known}."
        found.failed.append((path, FileFailed("unsupported_format", sentence)))
    else:
        found.others += 1


def _sniffed(path: Path) -> Format | None:
    if not path.is_file():  # a pipe would never end
        return None
    with path.open("rb") as file:
        return sniff(file.read(SNIFF_BYTES))


def _unreadable(error: OSError) -> FileFailed:
    return FileFailed("unreadable", f"It cannot be read: {error.strerror}.")
