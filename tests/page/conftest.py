"""A client of the pages: the other tests' client knows the routes of the API alone."""

from collections.abc import Iterator

import httpx
import pytest

from conftest import Gateway


@pytest.fixture
def site(gateway: Gateway) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=gateway.client.base_url) as client:
        yield client
