"""Scale: the picture meets its box."""

from typing import Final

from gallery.card import Card, Group, Shot

SIZE: Final = Card(
    name="size",
    fields=("width", "height"),
    sample="valley.webp",
    words="One side keeps the ratio. Both sides are a box, in which `fit` places the picture:"
    " by default it fits inside.",
    has_before=False,
    shots=(
        Shot("width", {"width": 240}),
        Shot("height", {"height": 120}),
        Shot("both", {"width": 150, "height": 150}),
    ),
)

FIT: Final = Card(
    name="fit",
    fields=("fit",),
    sample="valley.webp",
    words="How the picture fits a box of 120 by 150: `cover` crops it, `contain` adds"
    " background, `fill` distorts it, `inside` is the largest size within the box and"
    " `outside` the smallest that covers it.",
    common={"width": 120, "height": 150},
    has_before=False,
    shots=(
        Shot("inside", {"fit": "inside"}),
        Shot("cover", {"fit": "cover"}),
        Shot("contain", {"fit": "contain", "background": "#f4c542"}),
        Shot("fill", {"fit": "fill"}),
        Shot("outside", {"fit": "outside"}),
    ),
)

NINE: Final = (
    "left top",
    "top",
    "right top",
    "left",
    "center",
    "right",
    "left bottom",
    "bottom",
    "right bottom",
)

PLACE: Final = Card(
    name="place",
    fields=("position",),
    sample="stamp.webp",
    words="Where `contain` places a picture that does not fill its box: in the middle, at a"
    " side or in a corner.",
    common={"width": 270, "height": 140, "fit": "contain", "background": "#cfd8e3"},
    has_before=False,
    shots=tuple(Shot(place.replace(" ", "-"), {"position": place}) for place in NINE),
)

KEEP: Final = Card(
    name="position",
    fields=("position",),
    sample="reader.webp",
    words="What `cover` keeps: a side, what a strategy finds, or a focus point. `entropy` keeps"
    " the most detail, here a wall of stones; `attention` what attracts the eye: skin,"
    " saturated colours, edges.",
    common={"width": 126, "height": 160, "fit": "cover"},
    has_before=False,
    shots=(
        Shot("left", {"position": "left"}),
        Shot("center", {"position": "center"}),
        Shot("right", {"position": "right"}),
        Shot("entropy", {"position": "entropy"}),
        Shot("attention", {"position": "attention"}),
        Shot("focus", {"position": {"x": 0.4, "y": 0.3}}),
    ),
)

ENLARGE: Final = Card(
    name="enlarge",
    fields=("enlarge",),
    sample="stamp.webp",
    words="A picture is not enlarged beyond its own pixels unless this is true. The sample has"
    " 120 by 80.",
    common={"width": 360},
    shots=(Shot("true", {"enlarge": True}),),
)

GAMMA: Final = Card(
    name="gamma",
    fields=("gamma",),
    sample="night.webp",
    words="Scaling averages pixel values, which makes small lights on a dark ground darker."
    " With `gamma` 2.2 it averages approximately linear light. Plain areas keep their"
    " colour.",
    common={"width": 400},
    shots=(Shot("2", {"gamma": 2.2}),),
)

GROUP: Final = Group(
    title="Scale",
    emblem="fit-fill",
    words="The picture is scaled to its box. It is decoded no larger than this needs, and"
    " converted to sRGB here, where its pixels are fewest.",
    cards=(SIZE, FIT, KEEP, PLACE, ENLARGE, GAMMA),
)
