"""The status in Chromium, while the service is away or refuses a part."""

import httpx
import pytest
from playwright.sync_api import Browser, expect

from page.browsing import Site, page_of
from support.client import upload, wait_for_end
from support.pictures import picture

pytestmark = pytest.mark.browser

SECONDS = 30_000
TILES = ["unknown"] * 4


def test_nothing_is_called_good_while_the_service_is_away(browser: Browser, web: Site) -> None:
    with page_of(browser, web, "/status") as page:
        expect(page.locator("#health .good")).not_to_have_count(0, timeout=SECONDS)
        expect(page.locator("#workers tbody tr")).not_to_have_count(0, timeout=SECONDS)
        web.stop()
        expect(page.locator("#health .value")).to_have_text(TILES, timeout=SECONDS)
        expect(page.locator("#health .good")).to_have_count(0)
        expect(page.locator("#message")).to_have_text("The service does not answer.")
        expect(page.locator("#jobs .value").first).to_have_text("unknown")
        expect(page.locator("#workers")).to_have_text("Not known.")
        web.start()
        expect(page.locator("#health .good")).not_to_have_count(0, timeout=SECONDS)
        expect(page.locator("#message")).to_contain_text("Read at")


def test_the_last_hour_is_not_known_until_it_was_read(browser: Browser, web: Site) -> None:
    away = {"status": httpx.codes.SERVICE_UNAVAILABLE, "json": {"detail": "It is away."}}
    with web.client() as client, page_of(browser, web) as page:
        wait_for_end(client, upload(client, picture()))
        page.route("**/jobs?*", lambda route: route.fulfill(**away), times=1)
        page.goto("/status")
        expect(page.locator("#chart")).to_have_text("Not known.")
        expect(page.locator("#failures")).to_have_text("Not known.")
        expect(page.locator("#message")).to_have_text("It is away.")
        expect(page.locator("#chart")).to_contain_text("1 completed", timeout=SECONDS)
        expect(page.locator("#failures")).to_have_text("None in the last hour.")
