"""Input files of a run: images in files and folders, recognised by their first bytes."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from imagemill.imaging.camera_raw import HEAD_BYTES, find_camera_raw
from imagemill.imaging.formats import INPUTS, SNIFF_BYTES, Format, sniff
from imagemill.process.errors import FileError


@dataclass(frozen=True, slots=True)
class Input:
    """An image file. `subfolder` is its folder, relative to the folder argument it was found in."""

    path: Path
    subfolder: PurePath
    format: Format


@dataclass(slots=True)
class FoundInputs:
    """The files that the arguments name. `ignored` is what folders hold besides, and why."""

    inputs: list[Input] = field(default_factory=list)
    failed: list[tuple[Path, FileError]] = field(default_factory=list)
    ignored: list[tuple[Path, str]] = field(default_factory=list)


def find_inputs(arguments: Iterable[Path], out: Path) -> FoundInputs:
    """Return the images among the files and, recursively, in the folders; each once.

    The folder `out` inside a folder argument is left out: the next run would process the results
    of this one. Links to folders are ignored.
    """
    found = FoundInputs()
    seen: set[tuple[Path, PurePath]] = set()
    for argument in arguments:
        for path, subfolder in _files(argument, out.resolve(), found):
            if (path.resolve(), subfolder) not in seen:
                seen.add((path.resolve(), subfolder))
                _add(path, subfolder, found, is_argument=path == argument)
    return found


def _files(argument: Path, out: Path, found: FoundInputs) -> Iterator[tuple[Path, PurePath]]:
    if not argument.is_dir():
        yield argument, PurePath()
        return

    def add_unreadable(error: OSError) -> None:
        found.failed.append((Path(error.filename), _unreadable(error)))

    for name, folders, files in os.walk(argument, onerror=add_unreadable):
        folder = Path(name)
        folders[:] = sorted(each for each in folders if (folder / each).resolve() != out)
        links = [folder / each for each in folders if (folder / each).is_symlink()]
        found.ignored += ((link, "a link to a folder") for link in links)
        for file in sorted(files):
            yield folder / file, folder.relative_to(argument)


def _add(path: Path, subfolder: PurePath, found: FoundInputs, *, is_argument: bool) -> None:
    try:
        head = _read_head(path)
    except OSError as error:
        found.failed.append((path, _unreadable(error)))
        return
    format_, camera_raw = sniff(head[:SNIFF_BYTES]), find_camera_raw(head)
    if camera_raw:
        sentence = f"The file is a camera RAW ({camera_raw}), which has to be developed first."
        found.failed.append((path, FileError("unsupported_format", sentence)))
    elif format_:
        found.inputs.append(Input(path, subfolder, format_))
    elif is_argument:
        known = ", ".join(INPUTS)
        sentence = f"The file has none of the supported formats: {known}."
        found.failed.append((path, FileError("unsupported_format", sentence)))
    else:
        found.ignored.append((path, "not an image"))


def _read_head(path: Path) -> bytes:
    if not path.is_file():  # reading a pipe might never end
        return b""
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


def _unreadable(error: OSError) -> FileError:
    return FileError("unreadable", f"The file cannot be read: {error.strerror}.")
