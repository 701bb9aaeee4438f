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

GROUP: Final = Group(
    title="Frame",
    emblem="pad-14",
    words="Last, what is laid around the picture and under it.",
    cards=(PAD, BACKGROUND),
)
