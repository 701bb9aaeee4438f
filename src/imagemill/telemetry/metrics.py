"""What is counted and measured, by the names that Prometheus sees.

Names and units follow Prometheus' conventions (prometheus.io/docs/practices/naming); a counter's
name gets `_total` behind it. Labels only ever have few values: no id, no address and no file name.
Each thing is counted where it happens, once: by whoever made it so.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from importlib.metadata import version
from typing import Final

from prometheus_client import (
    REGISTRY,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

Metrics = tuple[Metric, ...]

# When a series began is of no use to anybody here, and a third of all lines.
disable_created_metrics()  # type: ignore[no-untyped-call]

# From a thumbnail that is ready at once to a large AVIF, and a night of waiting.
SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200)
# An answer comes at once, or within the thirty seconds that all of them are given.
ANSWER_SECONDS: Final = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

BUILD: Final = Gauge("imagemill_build_info", "Which version this is; always 1.", ("version",))
BUILD.labels(version("imagemill")).set(1)

REQUESTS: Final = Counter(
    "imagemill_http_requests",
    "Requests that were answered, or given up by their client.",
    ("method", "route", "status"),
)
REQUEST_SECONDS: Final = Histogram(
    "imagemill_http_request_duration_seconds",
    "Time from a request's headers to the end of its answer, streams and waits aside.",
    ("method", "route"),
    buckets=ANSWER_SECONDS,
)
UPLOADED_BYTES: Final = Counter(
    "imagemill_uploaded_bytes", "Bytes of the images whose upload was accepted."
)
DOWNLOADED_BYTES: Final = Counter("imagemill_downloaded_bytes", "Bytes of files that went out.")
QUEUE_FAILURES: Final = Counter(
    "imagemill_queue_failures", "Times that Redis did not take an id, or give one."
)
WAITING: Final = Gauge(
    "imagemill_waiting_clients", "Open streams, and requests that wait for a job to end."
)
REFUSALS: Final = Counter(
    "imagemill_refusals", "Requests that were refused for being too many, by problem.", ("problem",)
)

JOBS_ENDED: Final = Counter(
    "imagemill_jobs_ended",
    "Jobs that ended, by status and, when FAILED, error code.",
    ("status", "code"),
)
WAITING_SECONDS: Final = Histogram(
    "imagemill_job_waiting_seconds", "Time from a job being due to its claim.", buckets=SECONDS
)
PROCESSING_SECONDS: Final = Histogram(
    "imagemill_job_processing_seconds",
    "Time of one attempt, whatever its end, without the wait for its turn.",
    buckets=SECONDS,
)
CLAIMS: Final = Counter(
    "imagemill_claims", "Jobs that were claimed: by an id off the line, or a sweep.", ("source",)
)
RETRIES: Final = Counter(
    "imagemill_retries", "Attempts that failed and will be followed by another, by code.", ("code",)
)
FENCE_REJECTIONS: Final = Counter(
    "imagemill_fence_rejections", "Results that came too late and were thrown away."
)
REAPED: Final = Counter(
    "imagemill_reaped_jobs",
    "Jobs taken from workers that went silent, by the status they got.",
    ("status",),
)
INPUTS: Final = Counter(
    "imagemill_processed_inputs", "Images of COMPLETED jobs, by format.", ("format",)
)
OUTPUTS: Final = Counter("imagemill_outputs", "Outputs of COMPLETED jobs, by format.", ("format",))
OUTPUT_BYTES: Final = Counter(
    "imagemill_output_bytes", "Bytes of the outputs of COMPLETED jobs, by format.", ("format",)
)
CHILD_EXITS: Final = Counter(
    "imagemill_child_exits", "Image processes that ended, by cause.", ("cause",)
)
WEBHOOK_TRIES: Final = Counter(
    "imagemill_webhook_tries", "Tries to deliver a webhook, by result.", ("result",)
)


def of_ledger(jobs: Mapping[str, int] | None, oldest_due: timedelta = timedelta(0)) -> Metrics:
    """Return what the ledger says of jobs that have not ended, by state; None: it is away."""
    is_up = 0 if jobs is None else 1
    up = GaugeMetricFamily("imagemill_postgres_up", "Whether PostgreSQL answered.", is_up)
    if jobs is None:
        return (up,)
    by_state = GaugeMetricFamily(
        "imagemill_jobs",
        "Jobs that have not ended: due, delayed until they are tried again, or processing; "
        "counted up to 10,000.",
        labels=("state",),
    )
    for state, count in jobs.items():
        by_state.add_metric((state,), count)
    age = GaugeMetricFamily(
        "imagemill_oldest_due_job_age_seconds",
        "For how long the first job that is due has been waiting; 0 when none is.",
        oldest_due.total_seconds(),
    )
    return (up, by_state, age)


class Everything(Collector):
    """All metrics of this process, and some that were made for this one look."""

    def __init__(self, others: Metrics = ()) -> None:
        self._others = others

    def collect(self) -> Iterable[Metric]:
        yield from REGISTRY.collect()
        yield from self._others


def exposition(accept: str | None, others: Metrics = ()) -> tuple[bytes, str]:
    """Return what Prometheus reads, and its media type: OpenMetrics for those who accept it."""
    encode: Callable[[Collector], bytes]
    encode, media_type = choose_encoder(accept or "")
    return encode(Everything(others)), media_type
