"""A picture on its way through the steps."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from imagemill.imaging.engine.geometry import Size
from imagemill.imaging.libvips import Image

Change = Callable[[Image], Image]


@dataclass(frozen=True, slots=True)
class Picture:
    """Pixels, and the size they stand for.

    `first` is the picture itself or, of an animation, its first frame, changed as the steps asked:
    it alone tells a step what to do, so that nothing jumps or flickers. The `later` frames are as
    they were decoded, and wait for the `changes`, so that only one at a time is in the making.

    Images may have been decoded smaller than `size`, which steps reckon in. What `is_held` lies in
    memory; else its file is read once the pixels are asked for, and only once. `box` is what the
    picture is to fill once it is scaled. `assets` is the folder of images that may be laid on it.
    """

    first: Image
    size: Size
    is_held: bool
    box: Size | None = None
    later: tuple[Image, ...] = ()
    changes: tuple[Change, ...] = ()
    assets: Path | None = None

    def changed(self, change: Change, size: Size | None = None) -> "Picture":
        """Return the picture with every frame changed by itself, and perhaps of another size."""
        return replace(
            self,
            first=change(self.first),
            changes=(*self.changes, change),
            size=size or self.size,
        )

    @property
    def frames(self) -> int:
        return 1 + len(self.later)

    def shown(self) -> Iterator[Image]:
        """Yield the frames, all of one size and with the same bands, each with every change."""
        yield self.first
        for frame in self.later:
            image = frame
            for change in self.changes:
                image = change(image)
            yield image
