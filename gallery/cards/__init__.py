"""All cards, in the order in which the steps are applied."""

from typing import Final

from gallery.cards import color, cut, encode, filters, frame, scale, turn

GROUPS: Final = (
    turn.GROUP,
    cut.GROUP,
    scale.GROUP,
    filters.GROUP,
    color.GROUP,
    frame.GROUP,
    encode.GROUP,
)

CARDS: Final = tuple(card for group in GROUPS for card in group.cards)
