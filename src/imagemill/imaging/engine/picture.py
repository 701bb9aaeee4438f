"""The picture that steps pass on: a still image or the frames of an animation."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from imagemill.imaging.engine.geometry import Size
from imagemill.imaging.libvips import Image
from imagemill.imaging.spec.plain import Output

Change = Callable[[Image], Image]


@dataclass(frozen=True, slots=True)
class Picture:
    """Images and their nominal size.

    `first` is the still image or the first frame of an animation, with all changes applied. Steps
    look at it alone to decide what to do, so that an animation neither jumps nor flickers. `later`
    frames are as decoded; `changes` are applied to them one frame at a time, to bound memory.

    `size`, in pixels, is what steps compute with; images may have been decoded smaller. Unless the
    picture `is_in_memory`, its file is read when pixels are first asked for, and only once. `box`
    is the size to fill once it is scaled. `is_mixed`: pixels have been mixed into others, so that
    there are more colours than before. `assets` is the folder of images for watermarks.
    """

    first: Image
    size: Size
    is_in_memory: bool
    box: Size | None = None
    is_mixed: bool = False
    later: tuple[Image, ...] = ()
    changes: tuple[Change, ...] = ()
    assets: Path | None = None

    def map_frames(
        self, change: Change, size: Size | None = None, *, mixes: bool = False
    ) -> "Picture":
        """Return the picture with the change applied to each frame, and with the size if given.

        `mixes`: the change mixes pixels.
        """
        return replace(
            self,
            first=change(self.first),
            changes=(*self.changes, change),
            size=size or self.size,
            is_mixed=self.is_mixed or mixes,
        )

    @property
    def frames(self) -> int:
        return 1 + len(self.later)

    def iter_frames(self) -> Iterator[Image]:
        """Yield the frames with all changes applied. All have the same size and bands."""
        yield self.first
        for frame in self.later:
            image = frame
            for change in self.changes:
                image = change(image)
            yield image


class Step(Protocol):
    """One change to a picture, which leaves its argument as it is and may return another size.

    A step that the output does not ask for returns its argument.
    """

    def apply(self, picture: Picture, output: Output, /) -> Picture: ...
