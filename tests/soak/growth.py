"""Distinguishes what grows from what only moves up and down, in a series of samples."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Resource:
    """Something that services hold, and how much more of it at the end is no leak yet."""

    name: str
    tolerance: float
    unit: int = 1


@dataclass(frozen=True)
class Trend:
    """A resource from its start, after the warm-up, to its end, while so many jobs were done."""

    resource: Resource
    start: float
    middle: float
    end: float
    jobs: int

    @classmethod
    def of(cls, resource: Resource, values: Sequence[float], jobs: int) -> "Trend":
        """Take the median of each third: single peaks are what work looks like."""
        third = max(1, len(values) // 3)
        parts = values[:third], values[third:-third] or values, values[-third:]
        start, middle, end = (median(part) / resource.unit for part in parts)
        return cls(resource, start, middle, end, jobs)

    @property
    def grows(self) -> bool:
        """Whether it rose from third to third, and by more than the tolerance altogether.

        What rises once, as a cache or a pool that fills, stays the same from then on; a leak goes
        on. So the larger half of a rise that is over in one of the two steps is no leak.
        """
        rise = self.end - self.start
        steps = (self.middle - self.start, self.end - self.middle)
        return rise > self.resource.tolerance and min(steps) > rise / 10

    def line(self) -> str:
        # Medians of thirds lie two thirds of the time, and so of the jobs, apart.
        per_thousand = (self.end - self.start) / max(1, self.jobs * 2 / 3) * 1000
        verdict = "  GROWS" if self.grows else ""
        return (
            f"{self.resource.name:<32} {self.start:8.1f} → {self.end:8.1f}"
            f"  {per_thousand:+8.1f} per 1,000 jobs{verdict}"
        )
