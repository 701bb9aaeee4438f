"""GET /metrics of the gateway."""

import asyncio

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain

from imagemill.gateway.observability import queue_gauges
from imagemill.gateway.observability.queue_gauges import QueueGauges
from imagemill.jobs.store import JobStore
from imagemill.postgres.pool import Postgres
from imagemill.telemetry.metrics import Metrics
from support.jobs import new_job
from support.pictures import picture
from support.process import wait_until

LABELS = {
    "method", "route", "status", "code", "source", "format", "reason", "result", "state", "version",
    "le",
}  # fmt: skip


def test_metrics_come_as_text_or_as_openmetrics_for_those_who_accept_it(api: httpx.Client) -> None:
    text = api.get("/metrics")
    assert text.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "imagemill_http_requests" in names(text)
    # Those of the queue are left out while PostgreSQL is slow.
    wait_until(lambda: "imagemill_jobs" in names(api.get("/metrics")), "the queue is read")
    accept = {"Accept": "application/openmetrics-text; version=1.0.0, text/plain;q=0.5"}
    modern = api.get("/metrics", headers=accept)
    assert modern.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    families = openmetrics(modern.text)  # type: ignore[no-untyped-call]
    assert {one.name for one in families} >= {"imagemill_http_requests"}


def names(text: httpx.Response) -> set[str]:
    return {one.name for one in plain(text.text)}


def test_metrics_answer_head_and_stand_in_the_document(api: httpx.Client) -> None:
    head = api.head("/metrics")
    assert (head.status_code, head.content) == (httpx.codes.OK, b"")
    operation = api.get("/openapi.json").json()["paths"]["/metrics"]["get"]
    assert list(operation["responses"]["200"]["content"]) == [
        "text/plain",
        "application/openmetrics-text",
    ]


def test_names_units_and_labels_follow_prometheus_conventions(api: httpx.Client) -> None:
    api.post("/upload", files={"file": ("x.jpg", picture())})
    api.get("/jobs/not-an-id")
    families = [one for one in plain(api.get("/metrics").text) if one.name.startswith("imagemill_")]
    for family in families:
        assert family.documentation.endswith((".", ")")), family.name
        assert "_created" not in family.name
        if family.type == "histogram":
            assert family.name.endswith("_seconds"), family.name
        for sample in family.samples:
            assert (family.type == "counter") == sample.name.endswith("_total"), sample.name
            assert set(sample.labels) <= LABELS, sample.name


async def test_the_gauges_are_cached_for_a_while(
    pool: Postgres, job_store: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_gauges, "QUERY_TIMEOUT_SECONDS", 30)
    cached, uncached = QueueGauges(pool, max_age_seconds=3600), QueueGauges(pool, max_age_seconds=0)
    both = (cached, uncached)
    assert [due(await one.read()) for one in both] == [0, 0]
    await job_store.accept(new_job())
    assert [due(await one.read()) for one in both] == [0, 1]
    reads = [cached.read() for _ in range(20)]
    assert {due(metrics) for metrics in await asyncio.gather(*reads)} == {0}


def due(gauges: Metrics) -> float:
    (jobs,) = (one for one in gauges if one.name == "imagemill_jobs")
    return next(sample.value for sample in jobs.samples if sample.labels == {"state": "due"})
