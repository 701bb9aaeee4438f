"""Cut: what does not belong goes before anything is scaled."""

from typing import Final

from gallery.card import Card, Group, Shot

CROP: Final = Card(
    name="crop",
    fields=("crop",),
    sample="valley.webp",
    words="A part of the upright picture, in its own pixels: the sample has 1440 by 960.",
    common={"width": 270},
    shots=(
        Shot("balloon", {"crop": {"left": 840, "top": 40, "width": 420, "height": 280}}),
        Shot("house", {"crop": {"left": 1020, "top": 520, "width": 420, "height": 280}}),
    ),
)

TRIM: Final = Card(
    name="trim",
    fields=("trim",),
    sample="scan.webp",
    words="Cuts off a border as plain as its corner. `true` allows each pixel to be 10"
    " of 255 off; with 3, the faint stain on the paper counts as picture.",
    common={"height": 200},
    shots=(Shot("true", {"trim": True}), Shot("3", {"trim": 3})),
)

GROUP: Final = Group(
    title="Cut",
    emblem="crop-balloon",
    words="Then what does not belong goes: a part is taken out, and a plain border off what is"
    " left.",
    cards=(CROP, TRIM),
)
