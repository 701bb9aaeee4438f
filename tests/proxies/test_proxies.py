"""imagemill behind real proxies, with the configurations that docs/proxies.md recommends."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from conftest import Gateway, running_gateway
from imagemill.settings.addresses import PostgresAddress
from support.events import stream
from support.pictures import picture
from support.process import running_worker, wait_until
from support.uploads import RAW, form

from .proxy_server import (
    CADDY,
    HOST,
    NGINX,
    PREFIX,
    Proxy,
    running_caddy,
    running_nginx,
)

LARGE = picture() + bytes(20_000_000)
WAITING_CLIENTS = "imagemill_waiting_clients 1.0"


@dataclass(frozen=True, slots=True)
class Site:
    """A gateway and the proxy in front of it."""

    gateway: Gateway
    proxy: Proxy

    @property
    def client(self) -> httpx.Client:
        return self.proxy.client


RunProxy = Callable[[str, Path], AbstractContextManager[Proxy]]


def needs(program: str, run: RunProxy, name: str) -> object:
    reason = f"no program for {name}: `make neighbours` installs it"
    return pytest.param(run, id=name, marks=pytest.mark.skipif(not program, reason=reason))


PROXIES = [
    needs(NGINX, lambda url, folder: running_nginx(url, folder, strips_prefix=False), "nginx"),
    needs(NGINX, lambda url, folder: running_nginx(url, folder, strips_prefix=True), "nginx-strip"),
    needs(CADDY, lambda url, folder: running_caddy(url, folder, strips_prefix=False), "caddy"),
    needs(CADDY, lambda url, folder: running_caddy(url, folder, strips_prefix=True), "caddy-strip"),
]


@pytest.fixture(scope="module")
def served(
    addresses: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    """A gateway without keys, and a worker."""
    folder = tmp_path_factory.mktemp("proxied")
    with (
        running_gateway(addresses, folder, ALLOWED_HOSTS=HOST) as gateway,
        running_worker(gateway.environment, folder / "worker.log"),
    ):
        yield gateway


@pytest.fixture(scope="module", params=PROXIES)
def proxied(
    request: pytest.FixtureRequest, served: Gateway, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("proxy")
    with request.param(str(served.client.base_url), folder) as proxy:
        yield Site(served, proxy)


@pytest.fixture
def site(proxied: Site, postgres_address: PostgresAddress) -> Site:  # noqa: ARG001 - empties the job store
    return proxied


def test_an_upload_is_waited_for_and_every_link_carries_the_prefix(site: Site) -> None:
    answer = site.client.post(f"{PREFIX}/upload", **form(), headers={"Prefer": "wait=50"})
    assert answer.status_code == httpx.codes.OK
    assert answer.headers["preference-applied"] == "wait=50"
    job = answer.json()
    assert answer.headers["location"] == f"{PREFIX}/jobs/{job['id']}"
    assert site.client.get(answer.headers["location"]).json() == job
    (output,) = job["outputs"]
    assert output["url"] == f"{PREFIX}/jobs/{job['id']}/outputs/image"
    assert len(site.client.get(output["url"]).content) == output["bytes"]
    link = site.client.post(f"{output['url']}/link", json={"expires_in": 60})
    assert link.headers["location"].startswith(f"{PREFIX}/jobs/")
    assert site.client.get(link.headers["location"]).is_success


def test_the_pages_find_each_other_below_the_prefix(site: Site) -> None:
    page = site.client.get(f"{PREFIX}/docs").text
    assert f"{PREFIX}/openapi.json" in page
    assert site.client.get(f"{PREFIX}/docs/assets/swagger-ui.css").is_success
    document = site.client.get(f"{PREFIX}/openapi.json").json()
    assert document["servers"] == [{"url": PREFIX}]
    assert site.client.get(f"{PREFIX}/problems/not-found").is_success


def test_an_upload_of_20_megabytes_comes_back_whole(site: Site) -> None:
    job = site.client.post(f"{PREFIX}/upload", content=LARGE, headers=RAW)
    assert job.status_code == httpx.codes.ACCEPTED
    assert site.client.get(f"{job.headers['location']}/input").content == LARGE


def test_an_upload_arrives_as_it_is_sent_and_its_client_may_go_away(site: Site) -> None:
    before = site.gateway.files()
    head = (
        f"POST {PREFIX}/upload HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: image/png\r\n"
        f"Content-Length: {len(LARGE)}\r\n\r\n"
    )
    with site.proxy.connect() as connection:
        connection.sendall(head.encode() + LARGE[:5_000_000])
        wait_until(lambda: site.gateway.unfinished_files() > 0, "the upload is being written")
    wait_until(lambda: site.gateway.unfinished_files() == 0, "the upload is given up")
    assert site.gateway.files() == before


def test_a_stream_arrives_as_it_is_sent_and_its_client_may_go_away(site: Site) -> None:
    with stream(site.client, f"{PREFIX}/events") as events:
        wait_until(lambda: WAITING_CLIENTS in metrics(site), "the client is counted")
        job = site.client.post(f"{PREFIX}/upload", **form()).json()
        seen = [next(events) for _ in range(3)]
        assert [event.status for event in seen] == ["PENDING", "PROCESSING", "COMPLETED"]
        (output,) = seen[-1].data["outputs"]
        assert output["url"] == f"{PREFIX}/jobs/{job['id']}/outputs/image"
    with stream(site.client, f"{PREFIX}/jobs/{job['id']}/events") as events:
        assert next(events).data["outputs"] == [output]
    wait_until(lambda: WAITING_CLIENTS not in metrics(site), "the client is gone")


def metrics(site: Site) -> str:
    return site.gateway.client.get("/metrics").text


def test_a_refusal_arrives_while_the_client_still_sends(site: Site) -> None:
    too_large = bytes(60_000_000)
    answer = site.client.post(f"{PREFIX}/upload", content=too_large, headers=RAW)
    assert answer.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE
    assert answer.json()["type"] == "/problems/upload-too-large"


def test_a_page_of_the_site_may_upload_and_another_may_not(site: Site) -> None:
    own = site.client.post(f"{PREFIX}/upload", **form(), headers={"Origin": f"https://{HOST}"})
    assert own.status_code == httpx.codes.ACCEPTED
    other = {"Origin": "https://evil.example"}
    refused = site.client.post(f"{PREFIX}/upload", **form(), headers=other)
    assert refused.status_code == httpx.codes.FORBIDDEN
