"""The measurements without pixels, with as few jobs as they can do with: that they still run."""

from pathlib import Path

import pytest

from bench import queue_rates

pytestmark = pytest.mark.long

FEW = ("--warm-up=5", "--jobs=20", "--seconds=1", "--concurrency=4")


async def test_a_full_table_is_compared_to_a_small_one(tmp_path: Path) -> None:
    full = ("--few=10", "--waiting=30", "--ended=50", f"--folder={tmp_path}")
    results = await queue_rates.main(queue_rates.parse([*FEW, *full]))
    assert list(results) == ["20 jobs", "10 waiting", "30 waiting, 50 ended"]


async def test_a_held_snapshot_is_compared_to_none(tmp_path: Path) -> None:
    held = ("--snapshot", "--rate=20", f"--folder={tmp_path}")
    results = await queue_rates.main(queue_rates.parse([*FEW, *held]))
    assert list(results) == ["before", "part 1 of 1", "after it, still held"]
