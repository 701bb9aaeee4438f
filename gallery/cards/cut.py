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
    words="Removes a border of the same colour as its corner. `true` allows each pixel to"
    " differ by 10 of 255; with 3, the faint stain on the paper belongs to the picture.",
    common={"height": 200},
    shots=(Shot("true", {"trim": True}), Shot("3", {"trim": 3})),
)

GROUP: Final = Group(
    title="Cut",
    emblem="crop-balloon",
    words="Then a part is cut out, or a plain border is removed.",
    cards=(CROP, TRIM),
)
