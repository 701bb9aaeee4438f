"""Encode: the file that the picture becomes."""

from typing import Final

from gallery.card import Card, Group, Shot

NAME: Final = Card(
    name="name",
    fields=("name",),
    sample="valley.webp",
    words="A pipeline has up to sixteen outputs, each with its own name and fields, all from one"
    " decode of the input. The name is in the address of the file.",
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
    words="The input's, unless given. PNG and TIFF keep every pixel; GIF has 256 colours, mixed by"
    " dots, and finds better ones with some `effort`. Browsers show no TIFF: here it is as WebP"
    " without loss.",
    common={"width": 270},
    has_before=False,
    shots=(
        Shot("jpeg", {"format": "jpeg"}),
        Shot("png", {"format": "png"}),
        Shot("webp", {"format": "webp"}),
        Shot("avif", {"format": "avif"}),
        Shot("gif", {"format": "gif", "effort": 7}),
        Shot("tiff", {"format": "tiff"}),
    ),
)

QUALITY: Final = Card(
    name="quality",
    fields=("quality",),
    sample="fruit.webp",
    words="1 to 100, for JPEG and WebP (80) and AVIF (50): bytes for likeness.",
    common={"width": 270, "format": "jpeg"},
    shots=(Shot("40", {"quality": 40}), Shot("5", {"quality": 5})),
)

MAX_BYTES: Final = Card(
    name="max-bytes",
    fields=("max_bytes",),
    sample="fruit.webp",
    words="The highest quality whose file is no larger, found in few tries; the smallest file if"
    " none is small enough.",
    common={"width": 270, "format": "webp"},
    shots=(Shot("3000", {"max_bytes": 3000}), Shot("1500", {"max_bytes": 1500})),
)

LOSSLESS: Final = Card(
    name="lossless",
    fields=("lossless",),
    sample="emblem.webp",
    words="Keeps every pixel, in WebP and AVIF.",
    common={"width": 200, "format": "webp"},
    shots=(Shot("true", {"lossless": True}),),
)

EFFORT: Final = Card(
    name="effort",
    fields=("effort",),
    sample="fruit.webp",
    words="How hard the encoder tries: time for bytes, at the same quality.",
    common={"width": 270, "format": "webp"},
    shots=(Shot("0", {"effort": 0}), Shot("6", {"effort": 6})),
)

PROGRESSIVE: Final = Card(
    name="progressive",
    fields=("progressive",),
    sample="fruit.webp",
    words="JPEG and PNG that appear whole at once and grow finer while they load, for some CPU"
    " time.",
    common={"width": 270, "format": "jpeg"},
    shots=(Shot("true", {"progressive": True}),),
)

KEEP_METADATA: Final = Card(
    name="keep-metadata",
    fields=("keep_metadata",),
    sample="lighthouse.jpg",
    words="What the file tells besides the picture: nothing, the colour profile, who made it and"
    " whose it is, or all that the input told. Where it was taken survives only `all`.",
    common={"width": 150},
    has_before=False,
    shots=(
        Shot("none", {"keep_metadata": "none"}),
        Shot("icc", {"keep_metadata": "icc"}),
        Shot("copyright", {"keep_metadata": "copyright"}),
        Shot("all", {"keep_metadata": "all"}),
    ),
)

FRAMES: Final = Card(
    name="frames",
    fields=("frames",),
    sample="mill.webp",
    words="An animation stays one where the format has frames, as WebP and GIF; `first` takes its"
    " first picture.",
    common={"width": 132},
    has_before=False,
    shots=(Shot("all", {"frames": "all"}), Shot("first", {"frames": "first"})),
)

GROUP: Final = Group(
    title="Encode",
    emblem="quality-5",
    words="And written to its file, which carries nothing of the input but the picture,"
    " unless it is told to.",
    cards=(NAME, FORMAT, QUALITY, MAX_BYTES, LOSSLESS, EFFORT, PROGRESSIVE, KEEP_METADATA, FRAMES),
)
