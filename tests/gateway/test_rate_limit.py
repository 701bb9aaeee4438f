"""RATE_LIMIT: requests over the limit are refused with the time to wait."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio

from imagemill.gateway.errors import TooManyRequests
from imagemill.gateway.limits.rate_limit_middleware import RequestCharge
from imagemill.gateway.limits.rate_limiter import RateLimiter
from imagemill.jobs.job import KeyId
from imagemill.redis.queue import JobQueue
from imagemill.settings import Settings
from imagemill.settings.addresses import PostgresAddress, RedisAddress
from support.pictures import picture
from support.process import Service, running_api, wait_until
from support.proxy import OPEN, STALLED, Proxy
from support.redis_timeouts import PATIENT_WITH_REDIS
from support.servers import count_jobs
from support.uploads import RAW
from support.wire import head, open_socket, read_until_closed

MANY = httpx.codes.TOO_MANY_REQUESTS
PAGES = ["/docs", "/openapi.json", "/", "/status", "/page/jobs", "/page/css/theme.css"]
EXEMPT = ["/healthz", "/readyz", *PAGES]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two gateways with one Redis, three requests an hour; only the first trusts a local proxy."""

    first: httpx.Client
    second: httpx.Client


@pytest.fixture(scope="module")
def started(addresses: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("limited")
    limited = addresses | {"STORAGE_URL": (folder / "storage").as_uri(), "RATE_LIMIT": "3/hour"}
    distrustful = limited | {"FORWARDED_ALLOW_IPS": "192.0.2.1, 192.0.2.128/25"}
    with ExitStack() as stack:
        _, first = stack.enter_context(running_api(limited, folder / "first.log"))
        _, second = stack.enter_context(running_api(distrustful, folder / "second.log"))
        clients = (httpx.Client(base_url=url, timeout=30) for url in (first, second))
        yield Pair(*map(stack.enter_context, clients))


@pytest.fixture
def pair(
    started: Pair,
    redis_address: RedisAddress,  # noqa: ARG001 - forgets what was counted
) -> Pair:
    # What a gateway has refused it remembers for itself: each test has addresses of its own.
    return started


def statuses(client: httpx.Client, count: int, path: str = "/presets", **headers: str) -> list[int]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return [client.get(path, headers=named).status_code for _ in range(count)]


def test_requests_over_the_limit_are_refused_until_the_time_in_the_response(
    environment: dict[str, str], tmp_path: Path
) -> None:
    limited = environment | {"RATE_LIMIT": "4 per 15 seconds"}
    with (
        running_api(limited, tmp_path / "api.log") as (_, url),
        httpx.Client(base_url=url, timeout=30) as api,
    ):
        answers = [api.get("/presets") for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 200, MANY]
        left = [re.match(r'"default";r=(\d);t=(\d+)$', one.headers["ratelimit"]) for one in answers]
        assert [found and found[1] for found in left] == ["3", "2", "1", "0", "0"]
        assert {one.headers["ratelimit-policy"] for one in answers} == {'"default";q=4;w=15'}
        refused = answers[-1]
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["type"] == "/problems/too-many-requests"
        assert 1 <= int(refused.headers["retry-after"]) <= 15
        wait_until(lambda: api.get("/presets").status_code == 200, "the window moves on")


@pytest.mark.parametrize("path", EXEMPT)
def test_monitoring_and_the_pages_are_never_refused(path: str, pair: Pair) -> None:
    address = f"198.51.100.{10 + EXEMPT.index(path)}"
    assert MANY in statuses(pair.first, 4, X_Forwarded_For=address)
    answer = pair.first.get(path, headers={"X-Forwarded-For": address})
    assert answer.status_code == httpx.codes.OK
    assert "ratelimit" not in answer.headers


def test_gateways_share_one_quota_and_ignore_an_untrusted_proxy(pair: Pair) -> None:
    assert statuses(pair.first, 2) == [200, 200]
    assert statuses(pair.second, 2, X_Forwarded_For="198.51.100.3") == [200, MANY]
    assert statuses(pair.second, 1, X_Forwarded_For="198.51.100.4") == [MANY]
    assert statuses(pair.first, 1) == [MANY]


def test_clients_behind_a_trusted_proxy_are_counted_apart(pair: Pair) -> None:
    assert statuses(pair.first, 4, X_Forwarded_For="198.51.100.5") == [200, 200, 200, MANY]
    # What a client claims stands before what the proxy adds.
    assert statuses(pair.first, 1, X_Forwarded_For="203.0.113.9, 198.51.100.5") == [MANY]
    assert statuses(pair.first, 1, X_Forwarded_For="198.51.100.5, 198.51.100.6") == [200]


def test_neighbours_in_one_network_of_ipv6_are_one_client(pair: Pair) -> None:
    hosts = [f"2001:db8::{number}" for number in range(4)]
    found = [statuses(pair.first, 1, X_Forwarded_For=host)[0] for host in hosts]
    assert found == [200, 200, 200, MANY]
    assert statuses(pair.first, 1, X_Forwarded_For="2001:db8:0:1::1") == [200]


PATHS = ["/nowhere", "/presets", "/jobs"]


@pytest.mark.parametrize("path", PATHS)
def test_an_unknown_key_counts_for_the_address(path: str, pair: Pair) -> None:
    address = f"198.51.100.{20 + PATHS.index(path)}"
    keyed = {"X_Forwarded_For": address, "Authorization": "Bearer guessed"}
    found = statuses(pair.first, 6, path, **keyed)
    assert MANY not in found[:3]
    assert found[-1] == MANY
    assert statuses(pair.first, 1, X_Forwarded_For=address) == [MANY]


def test_an_upload_over_the_limit_is_answered_before_its_body(
    pair: Pair, postgres_address: PostgresAddress
) -> None:
    assert statuses(pair.first, 3, X_Forwarded_For="198.51.100.7") == [200] * 3
    large = picture() + bytes(20_000_000)
    with open_socket(str(pair.first.base_url)) as connection:
        headers = {"X_Forwarded_For": "198.51.100.7", "Content_Type": "image/jpeg"}
        connection.sendall(head("POST", "/upload", **headers, Content_Length=len(large)))
        assert read_until_closed(connection).startswith(b"HTTP/1.1 429 ")
    answer = pair.first.post(
        "/upload", content=large, headers=RAW | {"X-Forwarded-For": "198.51.100.7"}
    )
    assert answer.status_code == MANY
    assert answer.headers["connection"] == "close"
    assert count_jobs(postgres_address) == 0


def test_while_redis_hangs_each_gateway_counts_locally_and_soon_stops_asking_it(
    environment: dict[str, str], redis_address: RedisAddress, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        to_redis = stack.enter_context(Proxy.to(redis_address.host, redis_address.port))
        limited = environment | {"REDIS_PORT": str(to_redis.port), "RATE_LIMIT": "3/hour"}
        limited |= {"LOG_LEVEL": "debug"}
        del limited[PATIENT_WITH_REDIS]
        service, url = stack.enter_context(running_api(limited, tmp_path / "api.log"))
        client = stack.enter_context(httpx.Client(base_url=url, timeout=30))
        wait_until(lambda: is_counted(client, service), "Redis counts", service.logged)
        to_redis.become(STALLED)
        assert statuses(client, 4) == [200, 200, 200, MANY]
        hosts = [f"198.51.100.{number}" for number in range(60)]
        assert [statuses(client, 1, X_Forwarded_For=host) for host in hosts] == [[200]] * 60
        assert 3 <= count_local(service) < 30  # most did not wait a tenth of a second for it
        to_redis.become(OPEN)
        wait_until(lambda: is_counted(client, service), "Redis counts again", service.logged)


def count_local(service: Service) -> int:
    return service.logged().count("rate_limit.counted_locally")


def is_counted(client: httpx.Client, service: Service) -> bool:
    before = count_local(service)
    address = {"X-Forwarded-For": f"2001:db8:{uuid4().hex[:4]}:{uuid4().hex[:4]}::1"}
    quota = client.get("/presets", headers=address).headers["ratelimit"]
    return quota.startswith('"default";r=2;') and count_local(service) == before


@pytest_asyncio.fixture
async def limiter(redis_address: RedisAddress) -> AsyncIterator[RateLimiter]:
    rate = Settings(rate_limit="2/hour").rate
    assert rate is not None
    async with JobQueue.open(redis_address) as queue:
        yield RateLimiter(rate, queue)


async def test_a_valid_key_has_its_own_quota_from_any_address(
    limiter: RateLimiter,
) -> None:
    key, other = KeyId(UUID(int=1)), KeyId(UUID(int=2))
    for number in range(2):
        await RequestCharge(limiter, f"192.0.2.{number}").charge(key)
    with pytest.raises(TooManyRequests):
        await RequestCharge(limiter, "192.0.2.9").charge(key)
    await RequestCharge(limiter, "192.0.2.9").charge(other)
    await RequestCharge(limiter, "192.0.2.9").charge()


async def test_a_request_is_counted_once(limiter: RateLimiter) -> None:
    charged = RequestCharge(limiter, "192.0.2.1")
    for _ in range(5):
        await charged.charge()
    assert charged.quota is not None
    assert charged.quota.remaining == 1


async def test_an_address_over_its_limit_is_refused_before_its_key_is_looked_up(
    limiter: RateLimiter,
) -> None:
    for _ in range(3):
        await limiter.spend("192.0.2.1")
    with pytest.raises(TooManyRequests) as caught:
        RequestCharge(limiter, "192.0.2.1").require_network()
    assert 1 <= caught.value.retry_seconds <= 3600
    RequestCharge(limiter, "192.0.2.2").require_network()
