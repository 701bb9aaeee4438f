"""Redis as people have it: URLs, users, TLS, sockets, Sentinel, and rights that are missing."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import aclosing, suppress
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
import redis
from pydantic import SecretStr

from conftest import running_gateway
from imagemill.doctor import redis as redis_check
from imagemill.doctor.context import DoctorContext
from imagemill.gateway.limits.rate_limiter import RateLimiter
from imagemill.jobs.job import JobId, Priority
from imagemill.redis.notifications import JobNotifications
from imagemill.redis.queue import JobQueue, QueueUnavailable
from imagemill.settings import Settings
from imagemill.settings.addresses import RedisAddress
from imagemill.settings.values import parse_rates
from support.process import free_port, wait_until
from support.redis_server import (
    NEEDS_REDIS,
    PASSWORD,
    USER,
    RedisServer,
    running_redis,
    running_sentinel,
)

pytestmark = NEEDS_REDIS

GUIDE = Path(__file__).parents[2] / "docs" / "operating.md"
MAX_TRIES = 300  # of a tenth of a second, for a failover that takes two or three
JOB = JobId(UUID("0199f0c2-7a1e-7c3a-9d52-5d0c3c0a7b11"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with running_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="module")
def sentinel(server: RedisServer) -> Iterator[int]:
    with running_sentinel(server) as port:
        yield port


def by_url(url: str) -> RedisAddress:
    """Return an address whose other parts name no server."""
    return RedisAddress("nowhere.invalid", 1, url=url)


async def require_a_working_queue(address: RedisAddress) -> None:
    async with JobQueue.open(address) as queue:
        await queue.check()
        await queue.push_all([JOB], Priority.NORMAL)
        assert await queue.pop(1) == (JOB,)


async def test_a_user_and_a_password_are_given(server: RedisServer) -> None:
    await require_a_working_queue(RedisAddress("127.0.0.1", server.port, PASSWORD, USER))


async def test_a_url_names_user_and_database(server: RedisServer) -> None:
    address = by_url(f"redis://{USER}:{PASSWORD}@127.0.0.1:{server.port}/3?socket_timeout=30")
    async with JobQueue.open(address) as queue:
        await queue.push_all([JOB], Priority.NORMAL)
        assert server.admin().info("keyspace")["db3"]["keys"] == 1
        assert await queue.pop(1) == (JOB,)


async def test_a_socket_is_used(server: RedisServer) -> None:
    await require_a_working_queue(by_url(f"unix://{USER}:{PASSWORD}@{server.socket}?db=1"))


async def test_tls_is_verified(server: RedisServer) -> None:
    url = f"rediss://{USER}:{PASSWORD}@127.0.0.1:{server.tls_port}/0"
    await require_a_working_queue(by_url(f"{url}?ssl_ca_certs={server.certificate}"))
    with pytest.raises(QueueUnavailable, match="certificate"):
        await require_a_working_queue(by_url(url))


async def test_sentinels_name_the_primary(sentinel: int) -> None:
    hosts = f"127.0.0.1:{free_port()},127.0.0.1:{sentinel}"  # the first is down
    await require_a_working_queue(by_url(f"redis+sentinel://:{PASSWORD}@{hosts}/main/2"))
    with pytest.raises(QueueUnavailable, match="No master found for 'other'"):
        await require_a_working_queue(by_url(f"redis+sentinel://:{PASSWORD}@{hosts}/other"))


async def test_a_failover_that_sentinels_make_leads_to_the_other_server(tmp_path: Path) -> None:
    folders = tmp_path / "primary", tmp_path / "replica"
    for folder in folders:
        folder.mkdir()
    with (
        running_redis(folders[0]) as primary,
        running_redis(folders[1], replica_of=primary) as replica,
        running_sentinel(primary) as port,
        redis.Redis(port=port, decode_responses=True) as sentinel,
    ):
        address = by_url(f"redis+sentinel://:{PASSWORD}@127.0.0.1:{port}/main")
        async with JobQueue.open(address, timedelta(milliseconds=200)) as queue:
            await queue.check()
            wait_until(lambda: begins_failover(sentinel), "the sentinel knows a replica")
            for _ in range(MAX_TRIES):
                with suppress(QueueUnavailable):
                    await queue.push_all([JOB], Priority.NORMAL)
                    if is_primary(replica) and JOB in await queue.pop(8):
                        break
                await asyncio.sleep(0.1)
            else:
                pytest.fail("the queue does not work again")


def begins_failover(sentinel: redis.Redis) -> bool:
    try:
        return bool(sentinel.execute_command("SENTINEL FAILOVER", "main"))  # type: ignore[no-untyped-call]
    except redis.ResponseError:  # no replica is ready yet
        return False


def is_primary(server: RedisServer) -> bool:
    return bool(server.admin().info("replication")["role"] == "master")


@pytest.mark.parametrize("command", ["rpush", "blmpop", "publish"])
async def test_a_right_that_is_missing_is_told(server: RedisServer, command: str) -> None:
    address = RedisAddress("127.0.0.1", server.port, PASSWORD, USER)
    with server.admin() as admin:
        admin.execute_command("ACL", "SETUSER", USER, f"-{command}")
        try:
            async with JobQueue.open(address) as queue:
                with pytest.raises(QueueUnavailable, match=f"refuses us: .*{command}") as caught:
                    await queue.check()
                assert caught.value.is_refusal
        finally:
            admin.execute_command("ACL", "SETUSER", USER, "+@all")
    await require_a_working_queue(address)


async def test_the_rights_of_the_guide_are_enough(server: RedisServer) -> None:
    found = re.search(r"^ACL SETUSER imagemill (.*)$", GUIDE.read_text(), re.MULTILINE)
    assert found
    with server.admin() as admin:
        admin.execute_command("ACL", "SETUSER", "limited", *found[1].split())
        address = RedisAddress("127.0.0.1", server.port, "password", "limited")
        await require_a_working_queue(address)
        async with (
            JobQueue.open(address) as queue,
            JobNotifications.open(address) as notifications,
            aclosing(notifications.subscribe()) as changed,
        ):
            assert await queue.read_ids() == frozenset()
            assert await queue.read_eviction_policy() == "noeviction"
            assert await anext(changed) == frozenset()
            notifications.publish([JOB])
            assert await anext(changed) == {JOB}
            limiter = RateLimiter(parse_rates("5/minute")[0], queue)
            assert (await limiter.spend("caller")).remaining == 4
        refused = [entry for entry in admin.acl_log() if entry["username"] == "limited"]
    # Redis 7.2 and later have it, and redis-py goes on without it.
    assert [one for one in refused if one["object"] != "client|setinfo"] == []


async def test_a_wrong_password_is_told_at_the_start_by_readyz_and_by_the_doctor(
    server: RedisServer, addresses: dict[str, str], tmp_path: Path
) -> None:
    wrong = {"REDIS_URL": f"redis://{USER}:wrong@127.0.0.1:{server.port}/0"}
    with running_gateway(addresses, tmp_path, **wrong) as gateway:
        answer = gateway.client.get("/readyz")
        assert (answer.status_code, answer.json()["redis"]) == (200, "refused")
        assert "invalid username-password pair" in answer.json()["reasons"]["redis"]
        (line,) = [line for line in gateway.service.logged().splitlines() if "unavailable" in line]
        assert "it refuses us: invalid username-password pair" in line
        assert "settings.ignored" in gateway.service.logged()  # REDIS_HOST is set beside it
    settings = Settings().model_copy(
        update={
            "pg_host": addresses["PG_HOST"],
            "pg_port": int(addresses["PG_PORT"]),
            "redis_url": SecretStr(wrong["REDIS_URL"]),
            "storage_url": (tmp_path / "storage").as_uri(),
        }
    )
    async with DoctorContext.open(settings) as context:
        (finding,) = await redis_check.check(context)
    assert "it refuses us" in finding.sentence
    assert "REDIS_PASSWORD" in str(finding.advice)
