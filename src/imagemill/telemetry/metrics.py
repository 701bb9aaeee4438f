"""The metrics of gateway and worker, by the names that Prometheus scrapes.

Names and units follow Prometheus' conventions (prometheus.io/docs/practices/naming); the client
appends `_total` to a counter's name. Labels have few values: never an id, an address or a file
name. Each event is counted once, by the process that caused it.
"""

from collections.abc import Callable, Iterable
from functools import cache
from importlib.metadata import version
from typing import Final

from prometheus_client import (
    REGISTRY,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)
from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

Metrics = tuple[Metric, ...]

# The `_created` series are a third of all lines, and nothing here reads them.
disable_created_metrics()  # type: ignore[no-untyped-call]

# In seconds: from a small thumbnail to a large AVIF, or a night in the queue.
JOB_BUCKETS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200)
# In seconds: uploads and downloads may take up to half a minute.
RESPONSE_BUCKETS: Final = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

BUILD_INFO: Final = Gauge("imagemill_build_info", "The version that runs; always 1.", ("version",))
BUILD_INFO.labels(version("imagemill")).set(1)

REQUESTS: Final = Counter(
    "imagemill_http_requests",
    "HTTP requests that were answered, or aborted by their client.",
    ("method", "route", "status"),
)
REQUEST_SECONDS: Final = Histogram(
    "imagemill_http_request_duration_seconds",
    "Time from a request's headers to the end of its response, without event streams and waits.",
    ("method", "route"),
    buckets=RESPONSE_BUCKETS,
)
REJECTED_REQUESTS: Final = Counter(
    "imagemill_http_requests_rejected",
    "HTTP requests rejected by a rate limit or because of overload, by problem.",
    ("problem",),
)
WAITING_CLIENTS: Final = Gauge(
    "imagemill_waiting_clients", "Open event streams, and requests that wait for a job to end."
)
UPLOADED_BYTES: Final = Counter("imagemill_uploaded_bytes", "Bytes of the accepted images.")
DOWNLOADED_BYTES: Final = Counter("imagemill_downloaded_bytes", "Bytes of the downloaded files.")
QUEUE_FAILURES: Final = Counter(
    "imagemill_queue_failures", "Failures to push ids to Redis, or to pop them."
)

JOBS_ENDED: Final = Counter(
    "imagemill_jobs_ended",
    "Jobs that ended, by status and, when FAILED, error code.",
    ("status", "code"),
)
JOB_WAITING_SECONDS: Final = Histogram(
    "imagemill_job_waiting_seconds", "Time from a job being due to its claim.", buckets=JOB_BUCKETS
)
JOB_PROCESSING_SECONDS: Final = Histogram(
    "imagemill_job_processing_seconds",
    "Time of an attempt, successful or not, with its wait for an image process.",
    buckets=JOB_BUCKETS,
)
CLAIMS: Final = Counter(
    "imagemill_claims", "Claimed jobs, by source: an id from the queue, or a sweep.", ("source",)
)
RETRIES: Final = Counter(
    "imagemill_retries", "Failed attempts that are followed by another, by error code.", ("code",)
)
FENCE_REJECTIONS: Final = Counter(
    "imagemill_fence_rejections",
    "Results discarded because the job had been given to another worker.",
)
REAPED_JOBS: Final = Counter(
    "imagemill_reaped_jobs", "Jobs whose lease expired, by the status they got.", ("status",)
)
PROCESSED_INPUTS: Final = Counter(
    "imagemill_processed_inputs", "Input images of COMPLETED jobs, by format.", ("format",)
)
OUTPUTS: Final = Counter("imagemill_outputs", "Outputs of COMPLETED jobs, by format.", ("format",))
OUTPUT_BYTES: Final = Counter(
    "imagemill_output_bytes", "Bytes of the outputs of COMPLETED jobs, by format.", ("format",)
)
IMAGE_PROCESS_EXITS: Final = Counter(
    "imagemill_image_process_exits", "Image processes that ended, by reason.", ("reason",)
)
WEBHOOK_TRIES: Final = Counter(
    "imagemill_webhook_tries", "Tries to deliver a webhook, by result.", ("result",)
)


# The client looks up a metric's labels under a lock, after it has checked them.
@cache
def request_counter(method: str, route: str, status: str) -> Counter:
    """Return the counter of REQUESTS with these labels."""
    return REQUESTS.labels(method, route, status)


@cache
def request_histogram(method: str, route: str) -> Histogram:
    """Return the histogram of REQUEST_SECONDS with these labels."""
    return REQUEST_SECONDS.labels(method, route)


@cache
def child_of(counter: Counter, value: str) -> Counter:
    """Return the counter's child with this label; labels() takes ten times as long each time."""
    return counter.labels(value)


class MetricsCollector(Collector):
    """Collects this process' metrics, and further ones that were computed for one scrape."""

    def __init__(self, others: Metrics = ()) -> None:
        self._others = others

    def collect(self) -> Iterable[Metric]:
        yield from REGISTRY.collect()
        yield from self._others


def render_metrics(accept: str | None, others: Metrics = ()) -> tuple[bytes, str]:
    """Return the metrics and their media type: OpenMetrics if `accept` has it, else plain text."""
    encode: Callable[[Collector], bytes]
    encode, media_type = choose_encoder(accept or "")
    return encode(MetricsCollector(others)), media_type
