"""Damaged pictures end in an error code. `make fuzz` renders more of them."""

import pytest

from fuzz.run import fuzz

SEED = 1
MEBIBYTE = 1024**2


@pytest.mark.parametrize("count", [200, pytest.param(3000, marks=pytest.mark.long)])
async def test_a_damaged_picture_is_completed_or_ends_in_an_error_code(count: int) -> None:
    outcome = await fuzz(count, SEED)
    assert outcome.bugs == [], outcome.summary()
    assert outcome.ends.total() == count
    # Most damage is detected, some is not: else nothing was damaged, or everything rejected.
    assert outcome.ends["invalid_image"] > count / 4, outcome.summary()
    assert outcome.ends["completed"] > count / 10, outcome.summary()
    assert outcome.peak_bytes < 1024 * MEBIBYTE, outcome.summary()
