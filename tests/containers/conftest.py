"""One stack for all tests of containers. A failed test shows what its services logged."""

from collections.abc import Generator, Iterator

import httpx
import pytest

from containers.client import Client
from containers.stack import Stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack with one worker, all healthy; in the end nothing is left of it."""
    stack = Stack.prepare(tmp_path_factory.mktemp("compose"))
    try:
        _start(stack)
        yield stack
    finally:
        stack.down()


@pytest.fixture
def client(stack: Stack) -> Iterator[Client]:
    with httpx.Client(base_url=stack.url, timeout=30) as http:
        yield Client(http)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    stack = getattr(item, "funcargs", {}).get("stack")
    if report.when == "call" and report.failed and stack:
        report.sections.append(("logs of the services", stack.logs()))
    return report


def _start(stack: Stack) -> None:
    try:
        stack.up("--build")
    except AssertionError:
        print(stack.logs())  # noqa: T201 - pytest shows it beside the error
        raise
