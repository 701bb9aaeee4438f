from collections.abc import Iterator

import pytest

from support.process import running_api, running_worker


@pytest.fixture(scope="module")
def gateway_url(
    addresses: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of a gateway with a worker."""
    folder = tmp_path_factory.mktemp("gateway")
    environment = addresses | {"STORAGE_URL": (folder / "storage").as_uri()}
    with (
        running_api(environment, folder / "api.log") as (_, url),
        running_worker(environment, folder / "worker.log", "--concurrency", "1"),
    ):
        yield url
