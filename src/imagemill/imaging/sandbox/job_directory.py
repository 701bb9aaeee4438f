"""A child's own folder: on one side the input of its job, on the other its outputs.

A child sees nothing else of the storage. The input is a link to the stored file, which costs no
copy; the files for the outputs are laid out empty, since a child may fill them and make none, so
that it can fill no disk with files beyond these.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from uuid import uuid4

from imagemill.imaging.errors import ScratchFull
from imagemill.imaging.formats import FORMATS
from imagemill.imaging.spec.pipeline import Output, Pipeline


@dataclass(frozen=True, slots=True)
class JobDirectory:
    """The folder of one child, while that lives."""

    folder: Path

    @classmethod
    def set_up(cls, scratch_dir: Path) -> Self:
        """Make an empty desk below the workplace. Raises ScratchFull."""
        job_directory = cls(scratch_dir.absolute() / str(uuid4()))
        try:
            job_directory.inputs.mkdir(parents=True)
            job_directory.outputs.mkdir()
        except OSError as error:
            raise ScratchFull(f"No folder for a child could be made: {error.strerror}.") from error
        return job_directory

    @property
    def inputs(self) -> Path:
        return self.folder / "in"

    @property
    def outputs(self) -> Path:
        return self.folder / "out"

    def prepare(self, input_file: Path, pipeline: Pipeline) -> Path:
        """Return where the child finds the input; its outputs have their empty files.

        Raises FileNotFoundError when there is no such input, and ScratchFull when the disk failed.
        """
        file = self.inputs / input_file.name
        try:
            _link(input_file, file)
            for output in pipeline.outputs:
                for place in _places(self.outputs, output):
                    place.touch()
        except OSError as error:
            if isinstance(error, FileNotFoundError) and self.inputs.is_dir():
                raise
            raise ScratchFull(f"The disk for outputs failed: {error.strerror}.") from error
        return file

    def collect(self, folder: Path) -> None:
        """Move what the child wrote to the folder, and clear the desk. Raises ScratchFull."""
        try:
            for entry in os.scandir(self.outputs):
                if entry.stat(follow_symlinks=False).st_size:
                    shutil.move(entry.path, folder / entry.name)
                else:
                    Path(entry).unlink()
            for entry in os.scandir(self.inputs):
                Path(entry).unlink()
        except OSError as error:
            raise ScratchFull(f"The disk for outputs failed: {error.strerror}.") from error

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def _link(input_file: Path, file: Path) -> None:
    try:
        os.link(input_file, file)
    except FileNotFoundError:
        raise
    except OSError:
        # Another file system, or one that knows no links.
        shutil.copyfile(input_file, file)


def _places(folder: Path, output: Output) -> Iterator[Path]:
    """Yield where the output may come to lie: what format it has may depend on the input."""
    formats = FORMATS.values() if output.format is None else (FORMATS[output.format],)
    return (format_.file(folder, output.name) for format_ in formats)
