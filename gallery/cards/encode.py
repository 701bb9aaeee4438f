"""Encode: the file that the picture becomes."""

from typing import Final

from gallery.card import Card, Group, Shot

NAME: Final = Card(
    name="name",
    fields=("name",),
    sample="valley.webp",
    words="A pipeline has up to sixteen outputs, each with its own name and fields, all from"
    " one decode of the input. The name is part of the output's URL.",
    has_before=False,
    shots=(
        Shot("large", {"name": "large", "width": 360}),
        Shot(
            "banner",
            {"name": "banner", "width": 300, "height": 100, "fit": "cover", "format": "avif"},
        ),
        Shot("square", {"name": "square", "width": 150, "height": 150, "fit": "cover"}),
    ),
)

FORMAT: Final = Card(
    name="format",
    fields=("format",),
    sample="dunes.webp",
    words="By default the input's format. PNG and TIFF are lossless; GIF has 256 colours,"
    " dithered, and a higher `effort` chooses them better. Browsers do not show TIFF, and few"
    " show JPEG XL: here they are lossless WebPs.",
    common={"width": 270},
    has_before=False,
    shots=(
        Shot("jpeg", {"format": "jpeg"}),
        Shot("png", {"format": "png"}),
        Shot("webp", {"format": "webp"}),
        Shot("avif", {"format": "avif"}),
        Shot("gif", {"format": "gif", "effort": 7}),
        Shot("tiff", {"format": "tiff"}),
        Shot("jxl", {"format": "jxl"}),
    ),
)

QUALITY: Final = Card(
    name="quality",
    fields=("quality",),
    sample="fruit.webp",
    words="1 to 100; default: 80 for JPEG, WebP and JPEG XL, 50 for AVIF. A higher"
    " quality makes a larger file.",
    common={"width": 270, "format": "jpeg"},
    shots=(Shot("40", {"quality": 40}), Shot("5", {"quality": 5})),
)

MAX_BYTES: Final = Card(
    name="max-bytes",
    fields=("max_bytes",),
    sample="fruit.webp",
    words="The highest quality with which the file is no larger than this; the smallest file if"
    " no quality is low enough.",
    common={"width": 270, "format": "webp"},
    shots=(Shot("3000", {"max_bytes": 3000}), Shot("1500", {"max_bytes": 1500})),
)

LOSSLESS: Final = Card(
    name="lossless",
    fields=("lossless",),
    sample="emblem.webp",
    words="Lossless WebP and AVIF.",
    common={"width": 200, "format": "webp"},
    shots=(Shot("true", {"lossless": True}),),
)

PALETTE: Final = Card(
    name="palette",
    fields=("palette", "quality"),
    sample="fruit.webp",
    words="PNG with at most 256 colours, dithered; a lower quality takes fewer. By default a PNG"
    " has the palette of its input, if nothing mixes its colours.",
    common={"width": 270, "format": "png"},
    shots=(
        Shot("true", {"palette": True}),
        Shot("true-10", {"palette": True, "quality": 10}),
    ),
)

EFFORT: Final = Card(
    name="effort",
    fields=("effort",),
    sample="fruit.webp",
    words="CPU time of the encoder: a higher effort makes a smaller file of the same quality.",
    common={"width": 270, "format": "webp"},
    shots=(Shot("0", {"effort": 0}), Shot("6", {"effort": 6})),
)

PROGRESSIVE: Final = Card(
    name="progressive",
    fields=("progressive",),
    sample="fruit.webp",
    words="JPEG and PNG that browsers show whole at once and refine while they load, for some"
    " CPU time.",
    common={"width": 270, "format": "jpeg"},
    shots=(Shot("true", {"progressive": True}),),
)

KEEP_METADATA: Final = Card(
    name="keep-metadata",
    fields=("keep_metadata",),
    sample="lighthouse.jpg",
    words="Which metadata the output keeps: none, the colour profile, copyright and author, or"
    " all. Only `all` keeps the position.",
    common={"width": 150},
    has_before=False,
    shots=(
        Shot("none", {"keep_metadata": "none"}),
        Shot("icc", {"keep_metadata": "icc"}),
        Shot("copyright", {"keep_metadata": "copyright"}),
        Shot("all", {"keep_metadata": "all"}),
    ),
)

KEEP_GAIN_MAP: Final = Card(
    name="keep-gain-map",
    fields=("keep_gain_map",),
    sample="hdr.jpg",
    words="An HDR photo with a gain map stays one, its map cut and scaled like the picture. On a"
    " screen of HDR its lights are brighter; other screens show both alike.",
    common={"width": 405, "format": "jpeg"},
    shots=(Shot("true", {"keep_gain_map": True}),),
)

FRAMES: Final = Card(
    name="frames",
    fields=("frames",),
    sample="mill.webp",
    words="An animation stays animated in formats with frames, WebP and GIF; `first` keeps its"
    " first frame only.",
    common={"width": 132},
    has_before=False,
    shots=(Shot("all", {"frames": "all"}), Shot("first", {"frames": "first"})),
)

GROUP: Final = Group(
    title="Encode",
    emblem="quality-5",
    words="The file that is written. Metadata of the input is removed unless `keep_metadata`"
    " asks for it.",
    cards=(
        NAME,
        FORMAT,
        QUALITY,
        MAX_BYTES,
        LOSSLESS,
        PALETTE,
        EFFORT,
        PROGRESSIVE,
        KEEP_GAIN_MAP,
        KEEP_METADATA,
        FRAMES,
    ),
)
