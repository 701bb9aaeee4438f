"""Filter: softer or crisper, in pixels of the output."""

from typing import Final

from gallery.card import Card, Group, Shot

BLUR: Final = Card(
    name="blur",
    fields=("blur",),
    sample="valley.webp",
    words="Standard deviation of a Gaussian blur, 0.3 to 100 pixels of the output.",
    common={"width": 270},
    shots=(Shot("2", {"blur": 2}), Shot("12", {"blur": 12})),
)

PART: Final = {"left": 0, "top": 560, "width": 600, "height": 400}

SHARPEN: Final = Card(
    name="sharpen",
    fields=("sharpen",),
    sample="valley.webp",
    words="Unsharp mask of the lightness, 0.1 to 10: edges gain more than flat areas, and"
    " colours do not change.",
    common={"crop": PART, "width": 270},
    shots=(Shot("1", {"sharpen": 1}), Shot("4", {"sharpen": 4})),
)

GROUP: Final = Group(
    title="Filter",
    emblem="blur-12",
    words="Applied at the size of the output, so that a value has the same effect whatever the"
    " input's size.",
    cards=(BLUR, SHARPEN),
)
