"""Each guard of the protocol has a test that fails without it."""

import inspect
import sys
from collections.abc import Awaitable, Callable
from importlib import import_module
from pathlib import Path

import pytest

from conftest import running_gateway
from imagemill.postgres.pool import DatabaseUnavailable, Postgres
from imagemill.settings.addresses import PostgresAddress, RedisAddress
from jobs.conftest import other  # noqa: F401 - a fixture of the tests that are to fail
from mutants.mutants import MUTANTS
from support import client, process
from webhooks.conftest import deliveries  # noqa: F401 - the same

SERVICE = Path(__file__).with_name("service.py")
OF_SERVICES = [n for n, one in MUTANTS.items() if one.test.startswith(("service/", "gateway/"))]
OF_STATEMENTS = [name for name in MUTANTS if name not in OF_SERVICES]

# What a test fails by: what it asserts, or what a statement without its guard runs into.
FAILURES = (AssertionError, DatabaseUnavailable)


def function_of(test: str) -> Callable[..., Awaitable[None] | None]:
    file, _, name = test.partition("::")
    function: Callable[..., Awaitable[None] | None] = getattr(
        import_module(file.removesuffix(".py").replace("/", ".")), name
    )
    return function


@pytest.mark.parametrize("name", OF_STATEMENTS)
async def test_a_statement_without_its_guard_fails_its_test(
    name: str,
    pool: Postgres,  # noqa: ARG001 - what the fixtures of those tests rest on
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    test = function_of(MUTANTS[name].test)
    fixtures = {each: request.getfixturevalue(each) for each in inspect.signature(test).parameters}
    MUTANTS[name].apply(monkeypatch.setattr)
    with pytest.raises(FAILURES):
        await test(**fixtures)  # type: ignore[misc] # all of them are asynchronous


@pytest.mark.parametrize("name", OF_SERVICES)
def test_a_service_without_its_guard_fails_its_test(
    name: str,
    addresses: dict[str, str],
    postgres_address: PostgresAddress,
    redis_address: RedisAddress,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(process, "PROGRAM", (sys.executable, str(SERVICE), name))
    monkeypatch.setattr(client, "END_SECONDS", 15)
    test = function_of(MUTANTS[name].test)
    with running_gateway(addresses, tmp_path) as gateway:
        available: dict[str, object] = {
            "gateway": gateway,
            "postgres_address": postgres_address,
            "redis_address": redis_address,
            "tmp_path": tmp_path,
        }
        fixtures = {each: available[each] for each in inspect.signature(test).parameters}
        with pytest.raises(AssertionError):
            test(**fixtures)
