"""Frame: what is laid around the picture, and under it."""

from typing import Final

from gallery.card import Card, Group, Shot

PAD: Final = Card(
    name="pad",
    fields=("pad",),
    sample="dunes.webp",
    words="Adds background outside the picture, the same width on each side or a width for each.",
    common={"width": 220, "background": "#f4c542"},
    shots=(
        Shot("14", {"pad": 14}),
        Shot("sides", {"pad": {"top": 10, "right": 10, "bottom": 44, "left": 10}}),
    ),
)

BACKGROUND: Final = Card(
    name="background",
    fields=("background",),
    sample="emblem.webp",
    words="Colour of the area that `contain`, `pad` and `rotate` add, and below transparent"
    " pixels in formats without transparency, such as JPEG. White by default; `#ffffff00`"
    " is transparent.",
    common={"width": 198},
    shots=(
        Shot("white", {"format": "jpeg"}),
        Shot("dark", {"format": "jpeg", "background": "#2d3142"}),
        Shot("short", {"format": "jpeg", "background": "#cde"}),
    ),
)

WATERMARK: Final = Card(
    name="watermark",
    fields=("watermark",),
    sample="dunes.webp",
    words="A text, or an image in `ASSETS_DIR`, on the finished picture: `scale` is its share"
    " of the width, `margin` the distance from the edges in pixels.",
    common={"width": 270},
    shots=(
        Shot("text", {"watermark": {"text": "© Jane"}}),
        Shot("image", {"watermark": {"image": "emblem.webp", "opacity": 1, "margin": 6}}),
        Shot(
            "corner",
            {
                "watermark": {
                    "text": "Evening",
                    "position": "left top",
                    "scale": 0.5,
                    "opacity": 0.9,
                    "color": "#ffe14d",
                }
            },
        ),
    ),
)

GROUP: Final = Group(
    title="Frame",
    emblem="pad-14",
    words="Last, what is added around, below and on the picture.",
    cards=(PAD, BACKGROUND, WATERMARK),
)
