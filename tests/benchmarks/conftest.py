from pathlib import Path

import pytest

from bench import report


@pytest.fixture(autouse=True)
def _results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Results of tests go where they are removed."""
    monkeypatch.setattr(report, "RESULTS", tmp_path / "results")
