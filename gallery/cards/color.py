"""Colour: all of it in sRGB, lightness apart from colour."""

from typing import Final

from gallery.card import Card, Group, Shot

THREE_IN_A_ROW: Final = {"width": 270}

GRAYSCALE: Final = Card(
    name="grayscale",
    fields=("grayscale",),
    sample="fruit.webp",
    words="Removes the colour and keeps the lightness.",
    common={"width": 360},
    shots=(Shot("true", {"grayscale": True}),),
)

NORMALIZE: Final = Card(
    name="normalize",
    fields=("normalize",),
    sample="mist.webp",
    words="Stretches the lightness: the darkest hundredth becomes black, the lightest white.",
    common={"width": 400},
    shots=(Shot("true", {"normalize": True}),),
)

MODULATE: Final = Card(
    name="modulate",
    fields=("modulate",),
    sample="valley.webp",
    words="Factors of brightness and saturation, 0 to 10, and degrees by which hues turn.",
    common=THREE_IN_A_ROW,
    shots=(
        Shot("bright", {"modulate": {"brightness": 1.25}}),
        Shot("dark", {"modulate": {"brightness": 0.6}}),
        Shot("pale", {"modulate": {"saturation": 0.4}}),
        Shot("vivid", {"modulate": {"saturation": 1.8}}),
        Shot("hue", {"modulate": {"hue": 120}}),
    ),
)

TINT: Final = Card(
    name="tint",
    fields=("tint",),
    sample="valley.webp",
    words="Gives all pixels the hue of one colour and keeps their lightness; black and white stay.",
    common=THREE_IN_A_ROW,
    shots=(Shot("sepia", {"tint": "#b5793f"}), Shot("blue", {"tint": "#2f7fd8"})),
)

NEGATE: Final = Card(
    name="negate",
    fields=("negate",),
    sample="valley.webp",
    words="Inverts every channel except transparency.",
    common={"width": 360},
    shots=(Shot("true", {"negate": True}),),
)

PRINT: Final = Card(
    name="cmyk",
    title="From print",
    fields=(),
    sample="print.jpg",
    words="A JPEG in CMYK becomes sRGB, as its profile says.",
    common={"width": 360},
    has_before=False,
    shots=(Shot("srgb", {"format": "webp"}),),
)

COLOR_SPACE: Final = Card(
    name="color-space",
    fields=("color_space",),
    sample="wide.jpg",
    words="`srgb` is shown correctly on every screen; `p3` has more saturated colours on wide-"
    " gamut screens; `keep` keeps the input's own space. The last two carry their profile.",
    common={"width": 270, "format": "webp"},
    has_before=False,
    shots=(
        Shot("srgb", {"color_space": "srgb"}),
        Shot("p3", {"color_space": "p3"}),
        Shot("keep", {"color_space": "keep"}),
    ),
)

HDR: Final = Card(
    name="hdr",
    fields=(),
    title="From HDR",
    sample="hdr.png",
    words="A picture in PQ, as its `cICP` says, with lights of 1,000 nits. It is rendered for"
    " screens of standard range: as bright as it was, but for the lights, which keep their hue.",
    common={"width": 405, "format": "webp"},
    has_before=False,
    shots=(Shot("rendered", {}),),
)

GROUP: Final = Group(
    title="Colour",
    emblem="modulate-hue",
    words="Outputs are in sRGB unless `color_space` says otherwise. Lightness and colour are"
    " changed separately, in CIE Lab.",
    cards=(GRAYSCALE, NORMALIZE, MODULATE, TINT, NEGATE, PRINT, HDR, COLOR_SPACE),
)
