"""What a stack holds under load stays the same. `make soak` watches its memory, too."""

import pytest

from soak.run import soak
from soak.samples import COUNTS


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("seconds", "min_jobs"), [(8, 3), pytest.param(24, 15, marks=pytest.mark.long)]
)
async def test_descriptors_threads_connections_and_temporary_files_do_not_grow(
    seconds: float, min_jobs: int
) -> None:
    report = await soak(seconds, seed=1)
    assert report.jobs > min_jobs, report.lines()
    assert [one.line() for one in report.trends if one.resource in COUNTS and one.grows] == []
