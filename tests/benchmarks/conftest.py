from pathlib import Path

import pytest

from bench import keys, overhead, queue_rates, report, streams


@pytest.fixture(autouse=True)
def _isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Results go where they are removed, and the loggers of this process stay as they are."""
    monkeypatch.setattr(report, "RESULTS", tmp_path / "results")
    for module in (keys, overhead, queue_rates, streams):
        monkeypatch.setattr(module, "configure_logs", lambda *_: None)
