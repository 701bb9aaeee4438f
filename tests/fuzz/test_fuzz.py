"""Damaged pictures end in a code of their own. `make fuzz` takes more of them."""

from fuzz.run import fuzz

COUNT = 800
SEED = 1
MEBIBYTE = 1024**2


async def test_whatever_is_damaged_a_picture_ends_well_or_in_a_code_of_its_own() -> None:
    outcome = await fuzz(COUNT, SEED)
    assert outcome.bugs == [], outcome.line()
    assert outcome.ends.total() == COUNT
    # Most damage is seen, some is not: else we damaged nothing, or refused everything.
    assert outcome.ends["invalid_image"] > COUNT / 4, outcome.line()
    assert outcome.ends["completed"] > COUNT / 10, outcome.line()
    assert outcome.peak_bytes < 1024 * MEBIBYTE, outcome.line()
