"""What a page in a browser may do with a gateway that asks for no key: nothing."""

from collections.abc import Iterator

import httpx
import pytest

from conftest import Gateway, running_gateway
from imagemill.gateway.auth.browser_guard import KEYS_REMEMBERED_SECONDS
from support.keys import Keyring
from support.process import wait_until

from .routes import every_route

REBOUND = {"Host": "evil.example"}
OTHER_SITE = "https://evil.example"
ANY_ID = "0199f0c2-7a1e-7c3a-9d52-5d0c3c0a7b11"
UNSAFE = {"POST", "DELETE"}


def ask(api: httpx.Client, method: str, path: str, headers: dict[str, str]) -> httpx.Response:
    url = path.format(id=ANY_ID, name="image", n=1, slug="not-found")
    return api.request(method, url, headers=headers)


@pytest.mark.parametrize(("method", "path"), every_route())
def test_a_page_whose_name_leads_here_reads_and_changes_nothing(
    method: str, path: str, api: httpx.Client
) -> None:
    answer = ask(api, method, path, REBOUND)
    assert answer.status_code == httpx.codes.MISDIRECTED_REQUEST
    assert answer.headers["content-type"] == "application/problem+json"
    if method != "HEAD":
        assert answer.json()["type"] == "/problems/misdirected-request"


@pytest.mark.parametrize(
    ("method", "path"), [route for route in every_route() if route[0] in UNSAFE]
)
@pytest.mark.parametrize(
    "marks",
    [
        {"Origin": OTHER_SITE, "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
    ids=["origin", "opaque-origin", "fetch-metadata"],
)
def test_a_page_of_another_site_changes_nothing(
    method: str, path: str, marks: dict[str, str], api: httpx.Client
) -> None:
    answer = ask(api, method, path, marks)
    assert answer.status_code == httpx.codes.FORBIDDEN
    assert answer.json()["type"] == "/problems/cross-site-request"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "app.localhost", "LOCALHOST."])
def test_every_name_of_this_machine_is_served(host: str, api: httpx.Client) -> None:
    assert ask(api, "GET", "/jobs", {"Host": f"{host}:{api.base_url.port}"}).is_success


@pytest.mark.parametrize(
    "marks",
    [
        {},
        {"Origin": "http://127.0.0.1:{port}", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_programs_and_its_own_pages_are_served(marks: dict[str, str], api: httpx.Client) -> None:
    headers = {name: value.format(port=api.base_url.port) for name, value in marks.items()}
    assert ask(api, "DELETE", "/jobs/{id}", headers).status_code == httpx.codes.NOT_FOUND


@pytest.mark.parametrize(
    "origin",
    [
        "http://127.0.0.1",
        "http://127.0.0.1:1",
        "http://localhost:{port}",
        "http://127.0.0.1:{port}/",
    ],
)
def test_another_port_or_name_of_this_machine_is_another_origin(
    origin: str, api: httpx.Client
) -> None:
    headers = {"Origin": origin.format(port=api.base_url.port)}
    assert ask(api, "DELETE", "/jobs/{id}", headers).status_code == httpx.codes.FORBIDDEN


def test_a_page_of_another_site_may_still_lead_here(api: httpx.Client) -> None:
    """A link is a safe request; what it returns stays hidden from the page."""
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert ask(api, "GET", "/docs", headers).is_success


def test_with_a_key_every_host_and_origin_is_asked_for_it(
    api: httpx.Client, keyring: Keyring
) -> None:
    headers = keyring.add("any")
    assert ask(api, "GET", "/jobs", REBOUND | headers).is_success
    assert ask(api, "GET", "/jobs", REBOUND).status_code == httpx.codes.UNAUTHORIZED
    cross_site = ask(api, "DELETE", "/jobs/{id}", headers | {"Origin": OTHER_SITE})
    assert cross_site.status_code == httpx.codes.NOT_FOUND
    keyring.remove_all()

    def is_guarded_again() -> bool:
        return ask(api, "GET", "/jobs", REBOUND).status_code == httpx.codes.MISDIRECTED_REQUEST

    wait_until(is_guarded_again, "without keys", timeout_seconds=KEYS_REMEMBERED_SECONDS + 5)


@pytest.fixture(scope="module")
def named_gateway(
    addresses: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    hosts = "images.example, *.internal.example,2001:db8::7"
    folder = tmp_path_factory.mktemp("named")
    with running_gateway(addresses, folder, ALLOWED_HOSTS=hosts) as gateway:
        yield gateway


@pytest.mark.parametrize(
    ("host", "is_served"),
    [
        ("images.example", True),
        ("IMAGES.example:8443", True),
        ("a.b.internal.example", True),
        ("[2001:db8::7]:80", True),
        ("localhost", True),
        ("internal.example", False),
        ("notimages.example", False),
        ("evil.example", False),
    ],
)
def test_allowed_hosts_are_served_and_no_others_also_where_there_are_keys(
    host: str, *, is_served: bool, named_gateway: Gateway, keyring: Keyring
) -> None:
    expected = httpx.codes.OK if is_served else httpx.codes.MISDIRECTED_REQUEST
    assert ask(named_gateway.client, "GET", "/jobs", {"Host": host}).status_code == expected
    headers = keyring.add("any") | {"Host": host}
    assert ask(named_gateway.client, "GET", "/jobs", headers).status_code == expected


def test_a_page_of_an_allowed_host_is_of_the_same_site(named_gateway: Gateway) -> None:
    behind_tls = {"Host": "images.example", "Origin": "https://images.example"}
    answer = ask(named_gateway.client, "DELETE", "/jobs/{id}", behind_tls)
    assert answer.status_code == httpx.codes.NOT_FOUND
