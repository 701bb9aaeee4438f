"""The measurement beside bare libvips, with as few pictures as it needs: that it still runs."""

from pathlib import Path

import pytest

from bench import overhead

pytestmark = pytest.mark.long


async def test_the_service_is_compared_to_bare_libvips(tmp_path: Path) -> None:
    few = ("--rounds=1", "--photos=2", "--smalls=4", "--latencies=3", f"--folder={tmp_path}")
    report = await overhead.main(overhead.parse([*few]))
    results = report["results"]
    assert isinstance(results, dict)
    for task in ("photo", "small"):
        assert set(results[f"{task}: CPU ms"]) == {
            "libvips, same recipe",
            "gateway",
            "worker",
            "children",
            "PostgreSQL",
            "Valkey",
        }
        assert results[f"{task}: ÷ libvips, same recipe"]["service"] > 0
    assert list((tmp_path / "results").glob("overhead-*.json"))
