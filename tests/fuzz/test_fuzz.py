"""Damaged pictures end in an error code. `make fuzz` renders more of them."""

from fuzz.run import fuzz

COUNT = 800
SEED = 1
MEBIBYTE = 1024**2


async def test_a_damaged_picture_is_completed_or_ends_in_an_error_code() -> None:
    outcome = await fuzz(COUNT, SEED)
    assert outcome.bugs == [], outcome.summary()
    assert outcome.ends.total() == COUNT
    # Most damage is detected, some is not: else nothing was damaged, or everything rejected.
    assert outcome.ends["invalid_image"] > COUNT / 4, outcome.summary()
    assert outcome.ends["completed"] > COUNT / 10, outcome.summary()
    assert outcome.peak_bytes < 1024 * MEBIBYTE, outcome.summary()
