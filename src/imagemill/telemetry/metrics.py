"""What is counted and measured, by the names that Prometheus sees.

Names and units follow Prometheus' conventions (prometheus.io/docs/practices/naming). Labels only
ever have few values: no id, no address and no file name.
"""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

# From a thumbnail that is ready at once to a large AVIF, and a night of waiting.
SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200)

REQUESTS: Final = Counter(
    "imagemill_http_requests", "Requests that were answered.", ("method", "route", "status")
)
REQUEST_SECONDS: Final = Histogram(
    "imagemill_http_request_duration_seconds",
    "Time from a request's headers to the end of its answer, streams and waits aside.",
    ("method", "route"),
    buckets=SECONDS,
)
UPLOADED_BYTES: Final = Counter("imagemill_uploaded_bytes", "Bytes of the images that came in.")
DOWNLOADED_BYTES: Final = Counter("imagemill_downloaded_bytes", "Bytes of files that went out.")
LINE_FAILURES: Final = Counter(
    "imagemill_line_failures", "Times that Redis did not take an id, or give one."
)
WAITING: Final = Gauge(
    "imagemill_waiting_clients", "Open streams, and requests that wait for a job to end."
)
REFUSALS: Final = Counter(
    "imagemill_refusals", "Requests that were refused for being too many, by problem.", ("problem",)
)

JOBS_ENDED: Final = Counter(
    "imagemill_jobs_ended", "Jobs that ended, by status and error code.", ("status", "code")
)
WAITING_SECONDS: Final = Histogram(
    "imagemill_job_waiting_seconds", "Time from a job being due to its claim.", buckets=SECONDS
)
PROCESSING_SECONDS: Final = Histogram(
    "imagemill_job_processing_seconds", "Time of one attempt.", buckets=SECONDS
)
CLAIMS: Final = Counter("imagemill_claims", "Jobs that were claimed, by source.", ("source",))
FENCE_REJECTIONS: Final = Counter(
    "imagemill_fence_rejections", "Results that came too late and were thrown away."
)
REAPED: Final = Counter(
    "imagemill_reaped_jobs", "Jobs taken from workers that went silent.", ("status",)
)
CHILD_EXITS: Final = Counter(
    "imagemill_child_exits", "Image processes that ended, by cause.", ("cause",)
)
WEBHOOK_TRIES: Final = Counter(
    "imagemill_webhook_tries", "Tries to deliver a webhook, by result.", ("result",)
)
