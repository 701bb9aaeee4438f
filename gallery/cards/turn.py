"""Turn: which side of the picture is up."""

from typing import Final

from gallery.card import Card, Group, Shot

AUTO_ORIENT: Final = Card(
    name="auto-orient",
    fields=("auto_orient",),
    sample="lighthouse.jpg",
    words="Telephones store a picture as the sensor read it, with an orientation tag. The tag"
    " is applied and removed. With `false` pixels and tag stay as they are, in formats"
    " that have one: GIF has none.",
    common={"height": 270, "format": "gif"},
    has_before=False,
    shots=(Shot("true", {"auto_orient": True}), Shot("false", {"auto_orient": False})),
)

ROTATE: Final = Card(
    name="rotate",
    fields=("rotate",),
    sample="valley.webp",
    words="Degrees clockwise. Quarter turns are exact; any other angle enlarges the canvas,"
    " which `background` fills.",
    common={"height": 200},
    shots=(
        Shot("90", {"rotate": 90}),
        Shot("180", {"rotate": 180}),
        Shot("12", {"rotate": 12, "background": "#f4c542"}),
        Shot("minus-12", {"rotate": -12, "background": "#ffffff00"}),
    ),
)

FLIP: Final = Card(
    name="flip",
    fields=("flip", "flop"),
    sample="valley.webp",
    words="`flip` mirrors top and bottom, `flop` left and right.",
    common={"width": 270},
    shots=(Shot("flip", {"flip": True}), Shot("flop", {"flop": True})),
)

GROUP: Final = Group(
    title="Turn",
    emblem="rotate-12",
    words="The picture is turned upright first, so that left and top have one meaning in all"
    " later steps.",
    cards=(AUTO_ORIENT, ROTATE, FLIP),
)
