"""When the frames of an animation are shown, and how finely a format can tell. Pure."""

from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import Final

from imagemill.imaging.formats import GIF, WEBP, Format

# Browsers show a frame that claims so few milliseconds, or fewer, for a tenth of a second.
# libvips writes that tenth into a WebP; a GIF keeps the claim.
BRIEF: Final = 10
BRIEF_SHOWN: Final = 100

# GIF counts hundredths of a second, in 16 bits.
GIF_TICK: Final = 10
GIF_LONGEST: Final = 65535 * GIF_TICK

WEBP_MOST_PLAYS: Final = 65535


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds that each frame is shown, and how often they all are; 0 plays are endless."""

    delays: tuple[int, ...]
    plays: int

    @property
    def duration(self) -> int:
        """Milliseconds that it takes to show all frames once."""
        return sum(self.delays)

    def counted_in(self, format_: Format) -> "Timing":
        """Return the nearest timing that a file of this format can hold."""
        if format_ is GIF:
            return replace(self, delays=_in_ticks(self.delays))
        if format_ is WEBP:
            delays = tuple(delay if delay > BRIEF else BRIEF_SHOWN for delay in self.delays)
            return Timing(delays, min(self.plays, WEBP_MOST_PLAYS))
        return self


def _in_ticks(delays: tuple[int, ...]) -> tuple[int, ...]:
    """Round when frames end, not how long they last: 30 of 33 ms still take 990 ms together.

    None becomes brief that was not: it would be shown for longer instead.
    """
    ends = (_rounded(end) for end in accumulate(delays, initial=0))
    spans = (after - before for before, after in pairwise(ends))
    return tuple(
        min(GIF_LONGEST, max(span, _least(delay)))
        for span, delay in zip(spans, delays, strict=True)
    )


def _least(delay: int) -> int:
    return BRIEF + GIF_TICK if delay > BRIEF else 0


def _rounded(milliseconds: int) -> int:
    return (milliseconds + GIF_TICK // 2) // GIF_TICK * GIF_TICK
