"""What gateway and worker count of a job, each thing once."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from imagemill.settings.addresses import PostgresAddress, RedisAddress
from support.client import plain_client, upload, wait_for_end
from support.keys import Keyring
from support.pictures import picture
from support.process import free_port, running_api, running_worker, wait_until
from support.proxy import CLOSED, OPEN, STALLED, Proxy, Way
from support.servers import connect

Samples = dict[str, float]

# Its scrape_timeout, unless another is configured.
PROMETHEUS_WAITS_SECONDS = 10
STATES = ("due", "delayed", "processing")


def scrape(url: httpx.URL | str) -> Samples:
    """Return all samples by name and labels, as Prometheus would write them in a query."""
    with plain_client(str(url), PROMETHEUS_WAITS_SECONDS) as client:
        answer = client.get("/metrics").raise_for_status()
    return {
        sample.name + "".join(f",{k}={v}" for k, v in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_a_job_is_counted_where_it_happens_and_once(
    environment: dict[str, str], tmp_path: Path
) -> None:
    port = free_port()
    adjusted = environment | {"HEALTH_PORT": str(port)}
    with (
        running_api(adjusted, tmp_path / "api.log") as (_, api),
        running_worker(adjusted, tmp_path / "worker.log", "--concurrency", "1"),
        httpx.Client(base_url=api, timeout=30) as client,
    ):
        content = picture()
        good = wait_for_end(client, upload(client, content, width="10", format="webp"))
        wait_for_end(client, upload(client, content[: len(content) // 2], width="10"))
        client.get(good["outputs"][0]["url"]).raise_for_status()
        for path in ("/nothing", "/jobs/%2e%2e/else", "/a/b/c"):
            client.get(path)
        client.request("PROPFIND", "/jobs")
        gateway, worker = scrape(api), scrape(f"http://127.0.0.1:{port}")

    requests = "imagemill_http_requests_total"
    assert gateway[f"{requests},method=POST,route=/upload,status=202"] == 2
    assert gateway[f"{requests},method=GET,route=unmatched,status=404"] == 3
    assert gateway[f"{requests},method=GET,route=/jobs/{{id}}/outputs/{{name}},status=200"] == 1
    duration = "imagemill_http_request_duration_seconds"
    assert gateway[f"{duration}_count,method=POST,route=/upload"] == 2
    assert gateway["imagemill_uploaded_bytes_total"] >= len(content)
    assert gateway["imagemill_downloaded_bytes_total"] == good["outputs"][0]["bytes"]
    assert gateway["imagemill_build_info,version=0.1.0"] == 1
    assert gateway["process_open_fds"] > 0
    assert gateway[f"{requests},method=_OTHER,route=/jobs,status=405"] == 1
    assert not [name for name in gateway if "PROPFIND" in name or "nothing" in name]

    jobs_ended = "imagemill_jobs_ended_total"
    assert {name: n for name, n in worker.items() if name.startswith(jobs_ended) and n} == {
        f"{jobs_ended},code=,status=COMPLETED": 1,
        f"{jobs_ended},code=invalid_image,status=FAILED": 1,
    }
    claims = [v for name, v in worker.items() if name.startswith("imagemill_claims_total")]
    assert sum(claims) == 2
    assert worker["imagemill_job_waiting_seconds_count"] == 2
    assert worker["imagemill_job_processing_seconds_count"] == 2
    assert worker["imagemill_processed_inputs_total,format=jpg"] == 1
    assert worker["imagemill_outputs_total,format=webp"] == 1
    assert worker["imagemill_output_bytes_total,format=webp"] == good["outputs"][0]["bytes"]
    assert worker["imagemill_fence_rejections_total"] == 0
    # Prometheus sees a first increase only of what was there before.
    assert worker["imagemill_reaped_jobs_total,status=FAILED"] == 0
    assert worker["imagemill_image_process_exits_total,reason=timed_out"] == 0
    assert gateway["imagemill_jobs_ended_total,code=,status=CANCELED"] == 0


def test_a_job_that_is_canceled_is_counted_by_the_gateway(api: httpx.Client) -> None:
    canceled = "imagemill_jobs_ended_total,code=,status=CANCELED"
    before = scrape(api.base_url)[canceled]
    job_id = upload(api, picture())
    for _ in range(2):
        api.post(f"/jobs/{job_id}/cancel")
    assert scrape(api.base_url)[canceled] == before + 1


@pytest.fixture(scope="module")
def shared_services(
    addresses: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Proxy, str]]:
    """A gateway's address, and the proxy through which it reaches PostgreSQL."""
    folder = tmp_path_factory.mktemp("metrics")
    with Proxy.to(addresses["PG_HOST"], int(addresses["PG_PORT"])) as to_postgres:
        environment = addresses | {
            "PG_PORT": str(to_postgres.port),
            "STORAGE_URL": (folder / "storage").as_uri(),
        }
        with running_api(environment, folder / "api.log") as (_, url):
            yield to_postgres, url


@pytest.fixture
def behind_proxy(
    shared_services: tuple[Proxy, str],
    postgres_address: PostgresAddress,  # noqa: ARG001 - empties the job store
    redis_address: RedisAddress,  # noqa: ARG001 - empties the queue
) -> tuple[Proxy, str]:
    """The same, with PostgreSQL in reach and no job."""
    to_postgres, url = shared_services
    to_postgres.become(OPEN)
    with plain_client(url, timeout=30) as client:
        wait_until(lambda: client.get("/readyz").is_success, "the gateway is ready")
    return shared_services


def test_the_gateway_exports_how_many_jobs_wait_and_for_how_long(
    api: httpx.Client, postgres_address: PostgresAddress
) -> None:
    due, later, delayed = (upload(api, picture(), priority="low") for _ in range(3))
    with connect(postgres_address) as connection:
        connection.execute(
            "UPDATE jobs SET run_at = now() - interval '1 hour' WHERE id = %s", (due,)
        )
        connection.execute(
            "UPDATE jobs SET run_at = now() + interval '1 hour' WHERE id = %s", (delayed,)
        )
        connection.execute(
            "UPDATE jobs SET status = 'PROCESSING', fence = 1, attempts = 1,"
            " locked_by = gen_random_uuid(), lease_expires_at = now() + interval '1 hour'"
            " WHERE id = %s",
            (later,),
        )

    def counts() -> list[float | None]:
        seen = scrape(api.base_url)
        return [seen.get(f"imagemill_jobs,state={state}") for state in STATES]

    # Values read from PostgreSQL at the last scrape are returned for a few seconds more.
    wait_until(lambda: counts() == [1, 1, 1], "there is one of each", lambda: str(counts()))
    seen = scrape(api.base_url)
    assert seen["imagemill_postgres_up"] == 1
    assert 3600 <= seen["imagemill_oldest_due_job_age_seconds"] < 3900


@pytest.mark.parametrize("way", [CLOSED, STALLED], ids=["away", "hanging"])
def test_without_postgres_the_other_metrics_are_answered_to_who_was_let_in_before(
    behind_proxy: tuple[Proxy, str], way: Way
) -> None:
    to_postgres, url = behind_proxy

    def is_up() -> bool:
        return scrape(url)["imagemill_postgres_up"] == 1

    wait_until(is_up, "PostgreSQL is known to be there")
    to_postgres.become(way)
    # Values read from PostgreSQL earlier are returned for a few seconds more.
    wait_until(lambda: not is_up(), "it is known to be away")
    seen = scrape(url)
    to_postgres.become(OPEN)
    assert seen["imagemill_postgres_up"] == 0
    assert "imagemill_oldest_due_job_age_seconds" not in seen
    assert not [name for name in seen if name.startswith("imagemill_jobs,")]
    assert seen["imagemill_build_info,version=0.1.0"] == 1


def test_without_postgres_no_unknown_client_gets_metrics(
    environment: dict[str, str], to_postgres: Proxy, keyring: Keyring, tmp_path: Path
) -> None:
    admin, other = keyring.add("boss", is_admin=True), keyring.add("ci")
    adjusted = environment | {"PG_PORT": str(to_postgres.port)}
    with (
        running_api(adjusted, tmp_path / "api.log") as (_, api),
        httpx.Client(base_url=api, timeout=30) as client,
    ):
        asked = [client.get("/metrics", headers=key).status_code for key in (admin, other, {})]
        to_postgres.become(CLOSED)
        away = [client.get("/metrics", headers=key).status_code for key in (admin, other, {})]
        to_postgres.become(OPEN)
    assert asked == [httpx.codes.OK, httpx.codes.FORBIDDEN, httpx.codes.UNAUTHORIZED]
    assert away == [httpx.codes.OK, *[httpx.codes.SERVICE_UNAVAILABLE] * 2]
