"""Gauges that gateways read from PostgreSQL for one scrape: the same values from each of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from prometheus_client.core import GaugeMetricFamily

from imagemill.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedState:
    """What PostgreSQL says of all jobs and workers, counted by their states, and of webhooks.

    The times are for how long the oldest has been due, and for how long a transaction has held the
    oldest snapshot; 0 if there is none.
    """

    jobs: Mapping[str, int]
    oldest_due_job: timedelta
    workers: Mapping[str, int]
    pending_webhooks: int
    oldest_due_webhook: timedelta
    oldest_snapshot: timedelta


NOTHING: Final = SharedState(
    jobs={},
    oldest_due_job=timedelta(0),
    workers={},
    pending_webhooks=0,
    oldest_due_webhook=timedelta(0),
    oldest_snapshot=timedelta(0),
)


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
            state.oldest_due_job.total_seconds(),
        ),
        _by_state(
            "imagemill_workers",
            "Workers that are live, or that were lost within the last hour.",
            state.workers,
        ),
        GaugeMetricFamily(
            "imagemill_pending_webhooks",
            "Webhooks that are neither delivered nor given up; counted up to 10,000.",
            state.pending_webhooks,
        ),
        GaugeMetricFamily(
            "imagemill_oldest_due_webhook_age_seconds",
            "For how long a webhook has been due; 0 when none is.",
            state.oldest_due_webhook.total_seconds(),
        ),
        GaugeMetricFamily(
            "imagemill_postgres_oldest_snapshot_age_seconds",
            "For how long a transaction has kept dead rows of this database from being removed.",
            state.oldest_snapshot.total_seconds(),
        ),
    )


def storage_gauges(free_bytes: int | None) -> Metrics:
    """Return the gauges of the storage. None says that it sets no limit, or is unavailable."""
    if free_bytes is None:
        return ()
    return (
        GaugeMetricFamily(
            "imagemill_storage_free_bytes", "Bytes that are free on the storage.", free_bytes
        ),
    )


def _by_state(name: str, documentation: str, counts: Mapping[str, int]) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(name, documentation, labels=("state",))
    for state, count in counts.items():
        gauge.add_metric((state,), count)
    return gauge
