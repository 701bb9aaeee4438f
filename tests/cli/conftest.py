from collections.abc import Iterator

import pytest

from support.server import Server


@pytest.fixture(scope="module")
def gateway_url(
    addresses: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of a gateway with a worker."""
    with Server.running(addresses, tmp_path_factory.mktemp("server")) as server:
        yield server.url
