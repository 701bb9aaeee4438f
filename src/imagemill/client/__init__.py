"""Python client: uploads, waits for jobs, downloads, follows events and verifies webhooks.

    from imagemill.client import Client

    with Client("http://127.0.0.1:8000") as client:
        job = client.wait(client.upload("cat.jpg", width=800, format="webp"))
        client.download(job, "cat.webp")

`AsyncClient` has the same methods as coroutines. docs/clients.md describes both.
"""

from imagemill.client.async_client import AsyncClient
from imagemill.client.client import Client
from imagemill.client.errors import (
    ClientError,
    Conflict,
    ConnectionFailed,
    DamagedDownload,
    Invalid,
    InvalidWebhook,
    JobNotCompleted,
    NotFound,
    Problem,
    ServerUnreachable,
    Unauthorized,
    UnexpectedResponse,
    WaitTimeout,
)
from imagemill.client.event_follower import JobEvent
from imagemill.client.models import (
    Capabilities,
    Delivery,
    Explanation,
    HistoryEvent,
    Job,
    JobError,
    JobInput,
    JobOutput,
    Limits,
    Link,
)
from imagemill.client.pipeline import Output, Pipeline
from imagemill.client.webhook import WebhookEvent, verify_webhook
from imagemill.field_errors import FieldError
from imagemill.jobs.job import Priority, Status

__all__ = [
    "AsyncClient",
    "Capabilities",
    "Client",
    "ClientError",
    "Conflict",
    "ConnectionFailed",
    "DamagedDownload",
    "Delivery",
    "Explanation",
    "FieldError",
    "HistoryEvent",
    "Invalid",
    "InvalidWebhook",
    "Job",
    "JobError",
    "JobEvent",
    "JobInput",
    "JobNotCompleted",
    "JobOutput",
    "Limits",
    "Link",
    "NotFound",
    "Output",
    "Pipeline",
    "Priority",
    "Problem",
    "ServerUnreachable",
    "Status",
    "Unauthorized",
    "UnexpectedResponse",
    "WaitTimeout",
    "WebhookEvent",
    "verify_webhook",
]
