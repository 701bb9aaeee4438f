"""Clients of the pages: one of their files, and a browser."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from conftest import Gateway
from page.browsing import Site
from page.upload_list import NAMES, SECONDS
from support.chromium import browser_environment, find_browser
from support.client import delete_stored_files, storage_of
from support.pictures import picture

expect.set_options(timeout=SECONDS)


@pytest.fixture
def site(gateway: Gateway) -> Iterator[httpx.Client]:
    headers = {"Accept": "text/html, */*"}
    with httpx.Client(base_url=gateway.client.base_url, headers=headers, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = find_browser()
    if program is None:
        pytest.skip("there is no Chromium: make test-browser installs it")
    with sync_playwright() as playwright:
        # Its own sandbox needs rights that containers do not have; the pages are ours.
        started = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox"], env={**browser_environment()}
        )
        yield started
        started.close()


@pytest.fixture(scope="module")
def running_site(
    addresses: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    environment = addresses | {"STORAGE_URL": (folder / "storage").as_uri()}
    environment |= {"WEBHOOK_ALLOW_PRIVATE": "true", "LEASE_SECONDS": "6"}
    with Site(environment, folder).running() as site:
        yield site


@pytest.fixture
def web(running_site: Site, postgres_address: object, redis_address: object) -> Site:
    """The running site, with no job and no stored file."""
    del postgres_address, redis_address  # both empty what they name
    delete_stored_files(storage_of(running_site.environment))
    return running_site


@pytest.fixture
def client(web: Site) -> Iterator[httpx.Client]:
    with web.client() as opened:
        yield opened


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    for name in NAMES:
        (tmp_path / name).write_bytes(picture(640, 480))
    return [tmp_path / name for name in NAMES]
