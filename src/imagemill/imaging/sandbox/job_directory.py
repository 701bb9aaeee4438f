"""Job directory: an image process's own folder, with the input of its job and its outputs.

The image process may use no other folder of the storage. The input is a hard link to the stored
file, which costs no copy. Each output's file is created empty beforehand: a confined image process
may write to files but not create them, so that it cannot fill the disk with others.
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
    """The folder of one image process, for one job after the other."""

    folder: Path

    @classmethod
    def create(cls, scratch_dir: Path) -> Self:
        """Create an empty job directory. Raises ScratchFull."""
        job_directory = cls(scratch_dir.absolute() / str(uuid4()))
        try:
            job_directory.inputs.mkdir(parents=True)
            job_directory.outputs.mkdir()
        except OSError as error:
            raise ScratchFull(
                f"No folder for an image process could be made: {error.strerror}."
            ) from error
        return job_directory

    @property
    def inputs(self) -> Path:
        return self.folder / "in"

    @property
    def outputs(self) -> Path:
        return self.folder / "out"

    def prepare(self, input_file: Path, pipeline: Pipeline) -> Path:
        """Link the input, create the output files, and return the link's path.

        Raises FileNotFoundError when there is no such input, and ScratchFull when the disk failed.
        """
        link = self.inputs / input_file.name
        try:
            _link_or_copy(input_file, link)
            for output in pipeline.outputs:
                for file in _possible_files(self.outputs, output):
                    file.touch()
        except OSError as error:
            if isinstance(error, FileNotFoundError) and self.inputs.is_dir():
                raise
            raise ScratchFull(f"The disk for outputs failed: {error.strerror}.") from error
        return link

    def collect(self, folder: Path) -> None:
        """Move the written outputs to the folder and remove all other files. Raises ScratchFull."""
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


def _link_or_copy(input_file: Path, link: Path) -> None:
    try:
        os.link(input_file, link)
    except FileNotFoundError:
        raise
    except OSError:
        # Another file system, or one without hard links.
        shutil.copyfile(input_file, link)


def _possible_files(folder: Path, output: Output) -> Iterator[Path]:
    """Yield the files that the output may be written to: its format may depend on the input's."""
    formats = FORMATS.values() if output.format is None else (FORMATS[output.format],)
    return (format_.file(folder, output.name) for format_ in formats)
