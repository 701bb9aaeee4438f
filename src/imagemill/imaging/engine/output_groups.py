"""Work that outputs share: equal steps are done once, and small outputs scaled from larger ones."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final

from imagemill.imaging.engine.geometry import Size, place
from imagemill.imaging.engine.picture import Picture
from imagemill.imaging.engine.steps import resize
from imagemill.imaging.spec.plain import Output

# An output is scaled from another one only if that is larger by this factor. Scaling attenuates the
# finest details, which such an output does not show.
MIN_SOURCE_RATIO: Final = 1.5

# The fields that a scaled picture depends on, besides its size.
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


def group_by_unscaled_picture(outputs: Sequence[Output]) -> Iterator[list[Output]]:
    """Yield groups of outputs whose steps are the same until they are scaled."""
    for _, group in groupby(sorted(outputs, key=_fields_before_scaling), _fields_before_scaling):
        yield list(group)


def _fields_before_scaling(output: Output) -> str:
    return repr([getattr(output, name) for name in BEFORE_SCALING])


def scale_outputs(unscaled: Picture, outputs: Sequence[Output]) -> Iterator[tuple[Output, Picture]]:
    """Yield each output with its scaled picture, the largest first.

    A picture that the next output can be scaled from is kept in memory. An animation is not, since
    its frames are computed one at a time.
    """
    sizes = {output.name: place(unscaled.size, output).scaled for output in outputs}
    ordered = sorted(outputs, key=lambda output: sizes[output.name].pixels, reverse=True)
    first = unscaled.first
    for output, following in zip(ordered, [*ordered[1:], None], strict=True):
        picture = resize.apply(replace(unscaled, first=first), output)
        is_source = following and can_be_source(unscaled.size, picture.size, sizes[following.name])
        if is_source and not unscaled.later:
            first = picture.first.copy_memory()
            picture = replace(picture, first=first)
        yield output, picture


def can_be_source(original: Size, larger: Size, smaller: Size) -> bool:
    """Return whether an output of the smaller size may be scaled from the one of the larger."""
    if larger.width > original.width or larger.height > original.height:  # it was enlarged
        return False
    return min(larger.width / smaller.width, larger.height / smaller.height) >= MIN_SOURCE_RATIO
