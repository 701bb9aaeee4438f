"""Links carry the prefix that a proxy has, and paths are served with and without it."""

from collections.abc import Iterator

import httpx
import pytest

from conftest import Gateway, running_gateway
from support.client import plain_client
from support.uploads import form

from .routes import every_route

PREFIX = "/images/v1"
UNKNOWN = "0199f0c2-7a1e-7c3a-9d52-5d0c3c0a7b11"


@pytest.fixture(scope="module")
def prefixed(
    addresses: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    """A gateway with a ROOT_PATH, which trusts no proxy on this machine."""
    settings = {"ROOT_PATH": f"{PREFIX}/", "FORWARDED_ALLOW_IPS": "192.0.2.1"}
    with running_gateway(addresses, tmp_path_factory.mktemp("prefixed"), **settings) as gateway:
        yield gateway


def location(client: httpx.Client, path: str, headers: dict[str, str] | None = None) -> str:
    """Return where an upload says that its job is."""
    answer = client.post(f"{path}/upload", **form(), headers=headers)
    assert answer.status_code == httpx.codes.ACCEPTED, answer.text
    return answer.headers["location"].removesuffix(f"/jobs/{answer.json()['id']}")


@pytest.mark.parametrize("path", ["", PREFIX])
def test_the_root_path_is_in_links_whether_or_not_it_is_in_the_path(
    path: str, prefixed: Gateway
) -> None:
    with plain_client(str(prefixed.client.base_url)) as client:
        assert location(client, path) == PREFIX
        assert f'"{PREFIX}/docs/assets/' in client.get(f"{path}/docs").text.replace("'", '"')
        assert client.get(f"{path}/openapi.json").json()["servers"] == [{"url": PREFIX}]


@pytest.mark.parametrize(("method", "path"), every_route())
def test_every_route_is_found_below_the_root_path(
    method: str, path: str, prefixed: Gateway
) -> None:
    url = path.format(id=UNKNOWN, name="image", n=1, slug="not-found")
    with (
        plain_client(str(prefixed.client.base_url)) as client,
        client.stream(method, url) as plain,
        client.stream(method, PREFIX + url) as below,
    ):
        assert below.status_code == plain.status_code
        assert below.headers.get("content-type") == plain.headers.get("content-type")


def test_what_only_looks_like_the_root_path_is_none(prefixed: Gateway) -> None:
    with plain_client(str(prefixed.client.base_url)) as client:
        for path in (f"{PREFIX}x/healthz", f"{PREFIX}{PREFIX}/healthz", PREFIX):
            assert client.get(path).status_code == httpx.codes.NOT_FOUND


def test_a_prefix_of_who_is_no_trusted_proxy_is_ignored(prefixed: Gateway) -> None:
    with plain_client(str(prefixed.client.base_url)) as client:
        assert location(client, "", {"X-Forwarded-Prefix": "/other"}) == PREFIX


@pytest.mark.parametrize(
    ("sent", "prefix"),
    [
        (["/images"], "/images"),
        (["/images/"], "/images"),
        (["/a, /b/c"], "/a/b/c"),
        (["/a", "/b"], "/a/b"),
        (["/"], ""),
        ([""], ""),
        (["//evil.example"], ""),
        (["/..", "/b"], ""),
        (["https://evil.example"], ""),
        (['/a"b'], ""),
        (["/a b"], ""),
    ],
)
def test_the_prefix_of_a_trusted_proxy_is_in_links(
    sent: list[str], prefix: str, api: httpx.Client
) -> None:
    headers = [("X-Forwarded-Prefix", one) for one in sent]
    answer = api.post("/upload", **form(), headers=headers)
    job = answer.json()
    assert answer.headers["location"] == f"{prefix}/jobs/{job['id']}"
    api.post(f"/jobs/{job['id']}/cancel")
    retried = api.post(f"/jobs/{job['id']}/retry", headers=headers)
    assert retried.headers["location"] == f"{prefix}/jobs/{job['id']}"
