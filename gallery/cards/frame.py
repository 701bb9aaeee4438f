"""Frame: what is laid around the picture, and under it."""

from typing import Final

from gallery.card import Card, Group, Shot

PAD: Final = Card(
    name="pad",
    fields=("pad",),
    sample="dunes.webp",
    words="Adds background outside, whatever the size: the same at each side, or each its own.",
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
    words="Fills what `contain`, `pad` and `rotate` add, and lies"
    " under a transparent picture where the format knows no transparency, as JPEG. White unless"
    " given; `#ffffff00` is transparent.",
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
    words="A text, or an image in `ASSETS_DIR`, laid on the finished picture: `scale` is its share"
    " of the width, `margin` the pixels between it and the edges.",
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
    words="Last, what is laid around the picture, under it and on it.",
    cards=(PAD, BACKGROUND, WATERMARK),
)
