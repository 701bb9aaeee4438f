"""What the gallery is made of: groups of cards, a card being one pipeline on one sample."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from imagemill.imaging.spec.pipeline import Output, Pipeline

Json = Mapping[str, Any]

BEFORE: Final = "before"


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture of a card: what its output has besides the card's `common` fields."""

    name: str
    adds: Json


@dataclass(frozen=True, slots=True)
class Card:
    """Shows `fields`, all from one decode of the sample: first without them, then each shot.

    `name` begins the names of its files. A word of `words` between backticks is code. A card of no
    fields shows what becomes of an input, and has a `title`.
    """

    name: str
    fields: tuple[str, ...]
    sample: str
    words: str
    shots: tuple[Shot, ...]
    common: Json = field(default_factory=dict)
    has_before: bool = True
    title: str = ""

    def all_shots(self) -> tuple[Shot, ...]:
        return (Shot(BEFORE, {}), *self.shots) if self.has_before else self.shots

    def pipeline(self) -> Pipeline:
        """Return the pipeline, checked as one that comes over HTTP is."""
        return Pipeline.of(
            *(
                Output.model_validate({"name": self.file_name(shot)} | {**self.common, **shot.adds})
                for shot in self.all_shots()
            )
        )

    def file_name(self, shot: Shot) -> str:
        """Return the name of the shot's output, and of its file but for the extension."""
        return str(shot.adds.get("name", f"{self.name}-{shot.name}"))


@dataclass(frozen=True, slots=True)
class Group:
    """The cards of one step of the order, and what that step is about.

    `emblem` names the picture of its cards that stands for the group.
    """

    title: str
    words: str
    emblem: str
    cards: tuple[Card, ...]
