"""The mill keeps its promises while everything around it fails. `make chaos` does it for longer."""

import pytest

from chaos.run import wreak

SECONDS = 60
SEED = 1


@pytest.mark.timeout(400)
async def test_nothing_is_lost_and_nothing_ends_twice_whatever_fails() -> None:
    report = await wreak(SECONDS, SEED)
    assert report.findings.broken_promises() == [], report.line()
    assert report.faults_that_did_not_happen() == [], report.line()
    assert report.findings.statuses["COMPLETED"] > 0.8 * len(report.load.accepted), report.line()
