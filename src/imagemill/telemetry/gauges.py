"""Gauges that gateways read from PostgreSQL for one scrape: the same values from each of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from prometheus_client.core import GaugeMetricFamily

from imagemill.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedState:
    """What PostgreSQL says of all jobs and workers, each counted by its state."""

    jobs: Mapping[str, int]
    oldest_due: timedelta
    workers: Mapping[str, int]


NOTHING = SharedState(jobs={}, oldest_due=timedelta(0), workers={})


def shared_gauges(state: SharedState | None) -> Metrics:
    """Return the gauges of this state. None says that PostgreSQL does not answer."""
    is_up = 0 if state is None else 1
    up = GaugeMetricFamily("imagemill_postgres_up", "Whether PostgreSQL answers.", is_up)
    if state is None:
        return (up,)
    return (
        up,
        _by_state(
            "imagemill_jobs",
            "Jobs that have not ended: due, delayed until they are tried again, or processing; "
            "counted up to 10,000.",
            state.jobs,
        ),
        GaugeMetricFamily(
            "imagemill_oldest_due_job_age_seconds",
            "How long the oldest due job has been waiting; 0 when no job is due.",
            state.oldest_due.total_seconds(),
        ),
        _by_state(
            "imagemill_workers",
            "Workers that are live, or that were lost within the last hour.",
            state.workers,
        ),
    )


def _by_state(name: str, documentation: str, counts: Mapping[str, int]) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(name, documentation, labels=("state",))
    for state, count in counts.items():
        gauge.add_metric((state,), count)
    return gauge
