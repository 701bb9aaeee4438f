"""When the frames of an animation are shown, and how finely a format can tell. Pure."""

from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final

from imagemill.imaging.formats import Format, FrameTiming

# Browsers show a frame that claims so few milliseconds, or fewer, for a tenth of a second.
BRIEF_MS: Final = 10
BRIEF_SHOWN_MS: Final = 100


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds that each frame is shown, and how often they all are; 0 plays are endless."""

    delays: tuple[int, ...]
    plays: int

    @property
    def duration(self) -> int:
        """Milliseconds that it takes to show all frames once."""
        return sum(self.delays)

    def round_to(self, format_: Format) -> "Timing":
        """Return the nearest timing that a file of this format can hold."""
        rules = format_.frame_timing
        if rules is None:
            return self
        return Timing(_round_delays(self.delays, rules), min(self.plays, rules.max_plays))


def _round_delays(delays: tuple[int, ...], rules: FrameTiming) -> tuple[int, ...]:
    """Round when frames end, not how long they last: 30 of 33 ms still take 990 ms together.

    None becomes brief that was not: it would be shown for longer instead.
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
