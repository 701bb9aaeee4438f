"""No promise is broken while faults are injected everywhere. `make chaos` runs longer."""

import pytest

from chaos.run import run_chaos

SEED = 1
# Each fault comes, and PostgreSQL is read-only for twenty seconds of them.
SECONDS = 80


@pytest.mark.timeout(400)
async def test_a_few_faults_lose_nothing_and_end_nothing_twice() -> None:
    report = await run_chaos(8, SEED)
    assert report.findings.broken_promises() == [], report.line()
    assert report.done.total() > 0, report.line()
    assert report.findings.statuses["COMPLETED"] > 0.8 * len(report.load.accepted), report.line()


@pytest.mark.long
@pytest.mark.timeout(400)
async def test_nothing_is_lost_and_nothing_ends_twice_whatever_fails() -> None:
    report = await run_chaos(SECONDS, SEED)
    assert report.findings.broken_promises() == [], report.line()
    assert report.faults_that_did_not_happen() == [], report.line()
    assert report.findings.statuses["COMPLETED"] > 0.8 * len(report.load.accepted), report.line()
