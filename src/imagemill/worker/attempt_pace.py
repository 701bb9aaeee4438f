"""How fast attempts end, which decides how many jobs are held ready and results wait for company.

Pure: durations come in as arguments.
"""

from dataclasses import dataclass
from typing import Final

# The share of the newest duration in the mean: that of the last ten or so.
NEWEST_SHARE: Final = 0.1


@dataclass(slots=True)
class AttemptPace:
    """The moving mean of the durations of attempts, of which `concurrency` run at once."""

    concurrency: int
    mean_seconds: float | None = None

    def note(self, seconds: float) -> None:
        if self.mean_seconds is None:
            self.mean_seconds = seconds
        else:
            self.mean_seconds += NEWEST_SHARE * (seconds - self.mean_seconds)

    def expected_within(self, seconds: float, at_most: int) -> int:
        """Return how many attempts will end within this time; none before the first one has."""
        if self.mean_seconds is None:
            return 0
        # A mean of zero is one that the clock cannot tell from it.
        return int(min(at_most, self.concurrency * seconds / max(self.mean_seconds, 1e-6)))
