"""The two tasks of `make bench`: a photo, and a picture of about 20 KB, each scaled to a JPEG."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from imagemill.imaging.drawing import draw_picture
from imagemill.imaging.libvips import Image

QUALITY: Final = 80
SMALL_WIDTH: Final = 320


@dataclass(frozen=True, slots=True)
class Task:
    """Scale the file to a JPEG of exactly this size, `count` times."""

    name: str
    file: Path
    width: int
    height: int
    count: int

    @property
    def query(self) -> str:
        """The fields of an upload that ask for it."""
        size = f"width={self.width}&height={self.height}&fit=fill"
        return f"{size}&format=jpeg&quality={QUALITY}"


def prepare_tasks(photo: Path | None, folder: Path, counts: tuple[int, int]) -> tuple[Task, Task]:
    """Return the tasks for the photo, drawn where none is given, and for a small version of it."""
    if photo is None:
        photo = folder / "landscape.jpg"
        draw_picture(photo)
    small = folder / "small.jpg"
    Image.thumbnail(str(photo), SMALL_WIDTH).jpegsave(str(small), Q=85)
    return (
        Task("photo", photo, 720, 588, counts[0]),
        Task("small", small, 160, 130, counts[1]),
    )
