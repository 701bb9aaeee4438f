"""What a stack holds under load stays the same. `make soak` watches its memory, too."""

import pytest

from soak.run import MIN_JOBS, soak
from soak.samples import COUNTS

SECONDS = 24


@pytest.mark.timeout(400)
@pytest.mark.long
async def test_descriptors_threads_connections_and_temporary_files_do_not_grow() -> None:
    report = await soak(SECONDS, seed=1)
    assert report.jobs >= MIN_JOBS, report.lines()
    assert [one.line() for one in report.trends if one.resource in COUNTS and one.grows] == []
