"""Types of what an upload asks for. The server validates the values: docs/outputs.md has them."""

from collections.abc import Sequence
from typing import Literal, TypedDict

Analysis = Literal["metadata", "blurhash", "thumbhash", "dominant_color", "palette", "phash"]


class Area(TypedDict):
    left: int
    top: int
    width: int
    height: int


class Focus(TypedDict):
    x: float
    y: float


class Edges(TypedDict, total=False):
    top: int
    right: int
    bottom: int
    left: int


class Modulation(TypedDict, total=False):
    brightness: float
    saturation: float
    hue: float


class Watermark(TypedDict, total=False):
    text: str
    image: str
    position: str
    opacity: float
    scale: float
    margin: int
    color: str


class Output(TypedDict, total=False):
    """One picture to make of the input."""

    name: str
    auto_orient: bool
    rotate: float
    flip: bool
    flop: bool
    crop: Area
    trim: bool | float
    blur: float
    sharpen: float
    grayscale: bool
    normalize: bool
    modulate: Modulation
    tint: str
    gamma: float
    negate: bool
    pad: int | Edges
    watermark: Watermark
    width: int
    height: int
    fit: Literal["inside", "cover", "contain", "fill", "outside"]
    position: str | Focus
    enlarge: bool
    format: Literal["jpeg", "png", "webp", "avif", "gif", "tiff", "jxl"]
    lossless: bool
    palette: bool
    quality: int
    effort: int
    max_bytes: int
    progressive: bool
    background: str
    color_space: Literal["srgb", "p3", "keep"]
    keep_gain_map: bool
    keep_metadata: Literal["none", "icc", "copyright", "all"]
    frames: Literal["all", "first"]


class _Outputs(TypedDict):
    outputs: Sequence[Output]


class Pipeline(_Outputs, total=False):
    """Several outputs of one input, and analyses of it."""

    analyze: Sequence[Analysis]
