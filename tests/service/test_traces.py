"""One trace from the upload to the end of its job, in the collector that the environment names."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from imagemill.settings.addresses import PostgresAddress
from support.client import upload, wait_for_end
from support.collector import Collector, ReceivedSpan
from support.pictures import picture
from support.process import free_port, running_api, running_worker, wait_until
from support.receiver import always, receiving
from support.servers import connect, delete_all_rows

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CLIENTS_SPAN = "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{CLIENTS_SPAN}-01"
SAMPLED = 1

# The spans of a job: service, name, kind and parent.
JOB_EDGES = {
    ("imagemill-gateway", "POST /upload", "SERVER", "the client's"),
    ("imagemill-gateway", "upload.store", "INTERNAL", "POST /upload"),
    ("imagemill-gateway", "upload.record", "INTERNAL", "POST /upload"),
    ("imagemill-worker", "job.wait", "INTERNAL", "POST /upload"),
    ("imagemill-worker", "job.attempt", "INTERNAL", "POST /upload"),
    ("imagemill-worker", "job.render", "INTERNAL", "job.attempt"),
    ("imagemill-worker", "job.publish", "INTERNAL", "job.attempt"),
    ("imagemill-worker", "job.record", "INTERNAL", "job.attempt"),
    ("imagemill-worker", "POST webhook", "CLIENT", "POST /upload"),
}

# A service that stops gives up sending after two seconds: so tests wait for spans before it does.
SOON = {"OTEL_BSP_SCHEDULE_DELAY": "100"}


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector.running() as collector:
        yield collector


@dataclass(frozen=True, slots=True)
class Traced:
    """A job that both services traced, and what was sent to its receiver."""

    collector: Collector
    job_id: str
    handed_on: str
    logs: tuple[str, str]


def wait_for_spans(collector: Collector, times: dict[str, int]) -> None:
    """Return once the collector has received so many spans of each name."""
    wait_until(
        lambda: all(len(collector.named(name)) >= count for name, count in times.items()),
        "the spans are sent",
        lambda: str([span.name for span in collector.spans]),
    )


@pytest.fixture(scope="module")
def traced(
    addresses: dict[str, str],
    migrated: PostgresAddress,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Traced]:
    delete_all_rows(migrated)  # a job of another test would be traced, too
    folder = tmp_path_factory.mktemp("traced")
    with Collector.running() as collector:
        adjusted = (
            addresses
            | SOON
            | {
                "STORAGE_URL": (folder / "storage").as_uri(),
                "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
                "WEBHOOK_ALLOW_PRIVATE": "true",
            }
        )
        with (
            receiving(always(204)) as receiver,
            running_api(adjusted, folder / "api.log") as (api, url),
            running_worker(adjusted, folder / "worker.log", "--concurrency", "1") as worker,
            httpx.Client(base_url=url, headers={"traceparent": TRACEPARENT}, timeout=30) as client,
        ):
            job_id = upload(client, picture(), width="10", callback_url=receiver.url)
            assert wait_for_end(client, job_id)["status"] == "COMPLETED"
            handed_on = receiver.next().headers["traceparent"]
            client.get("/healthz")
            wait_for_spans(collector, {name: 1 for _, name, _, _ in JOB_EDGES})
        yield Traced(collector, job_id, handed_on, (api.logged(), worker.logged()))


def test_a_job_is_one_trace_from_its_upload_to_its_webhook(traced: Traced) -> None:
    # What the test itself reads is no part of the job's trace.
    spans = {s.span_id: s for s in traced.collector.spans if not s.name.startswith("GET ")}
    assert {span.trace_id for span in spans.values()} == {TRACE}
    assert edges(spans) == JOB_EDGES
    (sent,) = traced.collector.named("POST webhook")
    assert traced.handed_on == f"00-{TRACE}-{sent.span_id}-01"
    assert sent.attributes["http.response.status_code"] == 204
    assert not [span for span in spans.values() if span.has_failed]
    (served,), (attempt,) = (
        traced.collector.named("POST /upload"),
        traced.collector.named("job.attempt"),
    )
    assert served.attributes["http.response.status_code"] == 202
    assert served.attributes["http.route"] == "/upload"
    assert attempt.attributes == {"imagemill.job.id": traced.job_id, "imagemill.job.attempt": 1}


def edges(spans: dict[str, ReceivedSpan]) -> set[tuple[str, str, str, str]]:
    names = {span_id: span.name for span_id, span in spans.items()} | {CLIENTS_SPAN: "the client's"}
    return {(span.service, span.name, span.kind, names[span.parent_id]) for span in spans.values()}


def test_lines_of_a_traced_job_carry_the_trace(traced: Traced) -> None:
    for log in traced.logs:
        assert f'"trace_id": "{TRACE}"' in log


def test_each_try_at_a_failing_job_is_a_span_that_says_so(
    environment: dict[str, str], collector: Collector, tmp_path: Path
) -> None:
    adjusted = (
        environment
        | SOON
        | {
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{collector.url}/v1/traces",
            "OTEL_SERVICE_NAME": "ours",
            "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment=test",
            "FAILPOINTS": "attempt.rendered=error",
        }
    )
    with (
        running_api(adjusted, tmp_path / "api.log") as (_, url),
        running_worker(adjusted, tmp_path / "worker.log", "--concurrency", "1"),
        httpx.Client(base_url=url, timeout=30) as client,
    ):
        good = wait_for_end(client, upload(client, picture(), width="10"))
        assert (good["status"], good["attempts"]) == ("COMPLETED", 2)
        bad = wait_for_end(client, upload(client, picture()[:600], width="10"))
        assert bad["status"] == "FAILED"
        wait_for_spans(collector, {"job.attempt": 3, "job.wait": 3})
    first, second, hopeless = collector.named("job.attempt")
    assert {span.service for span in collector.spans} == {"ours"}
    assert first.trace_id == second.trace_id != hopeless.trace_id
    assert [span.attributes["imagemill.job.attempt"] for span in (first, second)] == [1, 2]
    assert [span.has_failed for span in (first, second, hopeless)] == [True, False, True]
    assert first.attributes["error.type"] == "internal"
    assert hopeless.attributes["error.type"] == "invalid_image"
    # The second wait is one for the delay to be over, and for a sweep.
    assert len(collector.named("job.wait")) == 3


@pytest.mark.parametrize(
    "off",
    [
        {},
        {"OTEL_SDK_DISABLED": "true"},
        {"OTEL_TRACES_EXPORTER": "none"},
        {"OTEL_TRACES_SAMPLER": "always_off"},
    ],
    ids=str,
)
def test_a_gateway_that_records_nothing_hands_on_the_trace_of_its_client(
    environment: dict[str, str],
    collector: Collector,
    postgres_address: PostgresAddress,
    off: dict[str, str],
    tmp_path: Path,
) -> None:
    adjusted = environment | off | ({"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url} if off else {})
    with (
        running_api(adjusted, tmp_path / "api.log") as (_, url),
        httpx.Client(base_url=url, timeout=30) as client,
    ):
        for given in (TRACEPARENT, "00-nonsense", ""):
            upload(client_with(client, given), picture())
    with connect(postgres_address) as connection:
        rows = connection.execute("SELECT traceparent FROM jobs ORDER BY id").fetchall()
    assert collector.spans == []
    if off.get("OTEL_TRACES_SAMPLER"):
        assert [int(row[0][-2:], 16) & SAMPLED for row in rows] == [0, 0, 0]
        assert rows[0][0][3:35] == TRACE
    else:
        assert [row[0] for row in rows] == [TRACEPARENT, None, None]


def client_with(client: httpx.Client, traceparent: str) -> httpx.Client:
    client.headers["traceparent"] = traceparent
    return client


def test_a_collector_that_is_away_costs_a_line_and_no_more(
    environment: dict[str, str], tmp_path: Path
) -> None:
    adjusted = (
        environment
        | SOON
        | {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{free_port()}",
            "OTEL_EXPORTER_OTLP_TIMEOUT": "1",
        }
    )
    with (
        running_api(adjusted, tmp_path / "api.log") as (api, url),
        running_worker(adjusted, tmp_path / "worker.log", "--concurrency", "1") as worker,
        httpx.Client(base_url=url, timeout=30) as client,
    ):
        for _ in range(3):
            assert wait_for_end(client, upload(client, picture()))["status"] == "COMPLETED"
            for service in (api, worker):
                wait_until(
                    lambda service=service: "traces.collector_unavailable" in service.logged(),  # type: ignore[misc]
                    "the absence is logged",
                    service.logged,
                )
        for service in (worker, api):
            assert service.stop() == 0
            assert service.logged().count("traces.collector_unavailable") == 1
            assert "Traceback" not in service.logged()
