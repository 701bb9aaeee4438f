"""Delays and plays of an animation, and their rounding to what a format can hold. Pure."""

from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final

from imagemill.imaging.formats import Format, FrameTiming

# Browsers show a frame with a delay of BRIEF_MS or less for BRIEF_SHOWN_MS.
BRIEF_MS: Final = 10
BRIEF_SHOWN_MS: Final = 100


@dataclass(frozen=True, slots=True)
class Timing:
    """The delay of each frame in milliseconds, and the number of plays, 0 for endless ones."""

    delays: tuple[int, ...]
    plays: int

    @property
    def duration(self) -> int:
        """Milliseconds of one play."""
        return sum(self.delays)

    def round_to(self, format_: Format) -> "Timing":
        """Return the nearest timing that the format can hold; the same one for a still format."""
        rules = format_.frame_timing
        if rules is None:
            return self
        return Timing(_round_delays(self.delays, rules), min(self.plays, rules.max_plays))


def _round_delays(delays: tuple[int, ...], rules: FrameTiming) -> tuple[int, ...]:
    """Round the times at which frames end, so that errors do not add up: 30 of 33 ms take 990 ms.

    A delay that browsers respect stays above BRIEF_MS; shorter, it would be shown for longer.
    """
    if not rules.keeps_brief_delays:
        delays = tuple(delay if delay > BRIEF_MS else BRIEF_SHOWN_MS for delay in delays)
    tick = rules.tick_ms
    ends = ((end + tick // 2) // tick * tick for end in accumulate(delays, initial=0))
    spans = (after - before for before, after in pairwise(ends))
    return tuple(
        min(rules.max_delay_ms, max(span, BRIEF_MS + tick if delay > BRIEF_MS else 0))
        for span, delay in zip(spans, delays, strict=True)
    )
