"""What outputs have in common is done once: they are cut alike, and scaled from each other."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final

from imagemill.imaging.engine.geometry import Size, place
from imagemill.imaging.engine.picture import Picture
from imagemill.imaging.engine.steps import resize
from imagemill.imaging.spec.pipeline import Output

# A picture is made from another output's if that is larger by this factor: then nothing is lost
# that can be seen, since the scaling before has left the finer half of what it shows as it was.
MIN_SOURCE_RATIO: Final = 1.5

# What a scaled picture depends on, the size aside.
BEFORE_SCALING: Final = (
    "auto_orient",
    "rotate",
    "flip",
    "flop",
    "crop",
    "trim",
    "background",
    "gamma",
    "color_space",
)


def group_by_unscaled(outputs: Sequence[Output]) -> Iterator[list[Output]]:
    """Yield groups of outputs that are one picture until they are scaled."""

    def before_scaling(output: Output) -> str:
        return output.model_dump_json(include=set(BEFORE_SCALING))

    for _, group in groupby(sorted(outputs, key=before_scaling), before_scaling):
        yield list(group)


def scale_outputs(cut: Picture, outputs: Sequence[Output]) -> Iterator[tuple[Output, Picture]]:
    """Yield each output with its scaled picture, the largest first.

    A picture that serves the next output is held in memory, and the next one is made from it. Not
    so an animation, whose frames are in the making one at a time.
    """
    sizes = {output.name: place(cut.size, output).scaled for output in outputs}
    ordered = sorted(outputs, key=lambda output: sizes[output.name].pixels, reverse=True)
    first = cut.first
    for output, following in zip(ordered, [*ordered[1:], None], strict=True):
        picture = resize.apply(replace(cut, first=first), output)
        serves = following and _can_be_source(cut.size, picture.size, sizes[following.name])
        if serves and not cut.later:
            first = picture.first.copy_memory()
            picture = replace(picture, first=first)
        yield output, picture


def _can_be_source(original: Size, larger: Size, smaller: Size) -> bool:
    if larger.width > original.width or larger.height > original.height:  # blown up
        return False
    return min(larger.width / smaller.width, larger.height / smaller.height) >= MIN_SOURCE_RATIO
