"""The gain map of an HDR photo: a second picture, which says how much brighter HDR is than SDR.

It follows its picture through the steps that turn, cut, scale or extend it; what a step decides by
pixels, it decides by the picture's. Added edges get no boost.
"""

from dataclasses import dataclass, replace
from math import isfinite, log2
from typing import Final

from imagemill.imaging.color.profiles import remove_profile
from imagemill.imaging.engine.decoders import check_whole, load
from imagemill.imaging.engine.geometry import Size
from imagemill.imaging.engine.libvips_errors import translate_decode_errors
from imagemill.imaging.engine.picture import Picture, Step
from imagemill.imaging.engine.scaling import resize_image
from imagemill.imaging.engine.steps import (
    auto_orient,
    box,
    crop,
    flip,
    flop,
    pad,
    resize,
    rotate,
    trim,
)
from imagemill.imaging.errors import DoesNotFit, InvalidImage
from imagemill.imaging.file_data import Data
from imagemill.imaging.formats import JPEG
from imagemill.imaging.libvips import (
    GValue,
    Image,
    Source,
    VipsError,
    clear_warnings,
    get_int,
    keep_alive,
)
from imagemill.imaging.metadata.blocks import ORIENTATION
from imagemill.imaging.metadata.gain_map_file import GainMapFacts
from imagemill.imaging.spec.plain import Output
from imagemill.imaging.spec.plain import replace as replace_fields

# JPEG quality of a written map. Its errors are multiplied with light; it is small.
QUALITY: Final = 90

# Of ISO 21496-1 and of Ultra HDR; a JPEG without either has no map that libultrahdr reads.
SIGNS: Final = (b"21496:-1", b"hdr-gain-map")

CHANNELS: Final = 3
MAX_BOOST: Final = 2.0**16


@dataclass(frozen=True, slots=True)
class GainMap:
    """A map of the size of its picture, with one or three channels of 8 bits.

    `stored` is the size of the map in its file, and `share` the part of the picture's that it has,
    up to 1, and is to have in the output.
    """

    image: Image
    stored: Size
    share: float
    facts: GainMapFacts

    def apply(self, step: Step, picture: Picture, output: Output) -> "GainMap":
        """Return the map after a step that the picture is about to take."""
        if step not in GEOMETRY:
            return self
        neutral = replace_fields(output, background=_find_neutral(self.facts), gamma=None)
        # What is a border depends on the picture's colours, and what is added is no colour.
        asked = output if step is trim else replace_fields(neutral, color_space="keep")
        both = replace(picture, later=(self.image,), changes=())
        _, image = step.apply(both, asked).iter_frames()
        return replace(self, image=image)

    def encode(self) -> bytes:
        """Return the map as a JPEG of its own resolution."""
        image = self.image
        size = Size(*(max(1, round(side * self.share)) for side in (image.width, image.height)))
        scaled = image if self.share == 1 else resize_image(image, size)
        return bytes(scaled.jpegsave_buffer(Q=QUALITY, keep="none", subsample_mode="off"))


GEOMETRY: Final[tuple[Step, ...]] = (auto_orient, rotate, flip, flop, crop, trim, resize, box, pad)


def read_gain_map(data: Data, stored: Size, picture: Image) -> GainMap | None:
    """Return the map of a JPEG, of the size of the decoded picture; None when it has none.

    `stored` is the picture's size in the file. Raises InvalidImage for a damaged map, DoesNotFit
    for one that is relative to another colour space.
    """
    opened = open_with_gain_map(data)
    if opened is None:
        return None
    if not get_int(opened, "gainmap-use-base-cg", 1):
        raise DoesNotFit("The gain map is relative to another colour space, and cannot be kept.")
    blob = bytes(opened.get("gainmap-data"))
    loaded = load(blob, JPEG)
    with translate_decode_errors():
        image = remove_profile(loaded).copy_memory()
    check_whole(loaded, loaded.height, blob)
    if image.width > stored.width or image.height > stored.height:
        raise InvalidImage(
            f"The picture cannot be decoded: its gain map is {image.width}x{image.height}."
        )
    share = max(image.width / stored.width, image.height / stored.height)
    fitted = resize_image(image, Size(picture.width, picture.height)).copy()
    fitted.set_type(GValue.gint_type, ORIENTATION, get_int(picture, ORIENTATION, 1))
    return GainMap(fitted, Size(image.width, image.height), min(1.0, share), _read_facts(opened))


def open_with_gain_map(data: Data) -> Image | None:
    """Return the picture of a JPEG with a gain map, its map in libvips' fields; None for others."""
    if all(data.find(sign) < 0 for sign in SIGNS):
        return None
    try:
        opened = Image.uhdrload_source(Source.new_from_memory(data))
    except VipsError:
        return None
    finally:
        clear_warnings()
    keep_alive(opened, data)
    return opened if opened.get_typeof("gainmap-data") else None


def _read_facts(opened: Image) -> GainMapFacts:
    names = ("max-content-boost", "min-content-boost", "gamma", "offset-sdr", "offset-hdr")
    lists = [[*opened.get(f"gainmap-{name}")] for name in names]
    capacities = [opened.get(f"gainmap-hdr-capacity-{end}") for end in ("min", "max")]
    positive = [*lists[0], *lists[1], *lists[2], *capacities]
    is_sound = all(1 / MAX_BOOST <= value <= MAX_BOOST for value in positive) and all(
        isfinite(value) for value in (*lists[3], *lists[4])
    )
    if not is_sound or any(len(values) != CHANNELS for values in lists):
        raise InvalidImage("The picture cannot be decoded: its gain map is described wrongly.")
    most, least, gamma, sdr, hdr = ((red, green, blue) for red, green, blue in lists)
    return GainMapFacts(most, least, gamma, sdr, hdr, *capacities)


def _find_neutral(facts: GainMapFacts) -> str:
    """Return the colour that a map has where HDR is as bright as SDR, or as near as it can be."""
    levels = []
    for most, least, gamma in zip(facts.max_boost, facts.min_boost, facts.gamma, strict=True):
        span = log2(most) - log2(least)
        share = min(1.0, max(0.0, -log2(least) / span)) if span > 0 else 0.0
        levels.append(round(255 * share**gamma))
    return "#" + "".join(f"{level:02x}" for level in levels)
