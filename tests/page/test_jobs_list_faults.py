"""The list of jobs in Chromium, when jobs are gone, requests fail, or the keyboard is in use."""

import httpx
import pytest
from playwright.sync_api import Browser, Route, expect

from page.browsing import Site, page_of
from page.upload_list import SECONDS
from support.client import upload, wait_for_end
from support.pictures import picture

pytestmark = pytest.mark.browser

AWAY = {"status": httpx.codes.SERVICE_UNAVAILABLE, "json": {"detail": "The database is away."}}


def end(client: httpx.Client, content: bytes) -> str:
    wait_for_end(client, job_id := upload(client, content))
    return job_id


def fail(client: httpx.Client) -> str:
    return end(client, picture(640, 480)[:2000])


def test_a_job_that_was_deleted_elsewhere_leaves_the_list_when_it_is_acted_on(
    browser: Browser, web: Site, client: httpx.Client
) -> None:
    ids = [fail(client) for _ in range(3)]
    with page_of(browser, web, "/page/jobs") as page:
        rows = page.locator("#jobs tr")
        expect(rows).to_have_count(3)
        client.delete(f"/jobs/{ids[0]}")
        page.get_by_label("All that are shown").check()
        page.get_by_role("button", name="Retry").click()
        expect(page.locator("#message")).to_contain_text("2 of 3 retried.")
        expect(rows).to_have_count(2)
        expect(page.locator("#jobs .failed")).to_have_count(2, timeout=SECONDS)
        client.delete(f"/jobs/{ids[1]}")
        page.get_by_label("All that are shown").check()
        page.get_by_role("button", name="Delete").click()
        expect(page.locator("#message")).to_have_text("2 deleted.")
        expect(rows).to_have_count(0)


def test_a_filter_that_cannot_be_read_leaves_no_rows_of_the_one_before(
    browser: Browser, web: Site, client: httpx.Client
) -> None:
    fail(client)
    end(client, picture())
    with page_of(browser, web, "/page/jobs") as page:
        rows = page.locator("#jobs tr")
        expect(rows).to_have_count(2)
        page.route("**/jobs?*", lambda route: route.fulfill(**AWAY), times=1)
        page.get_by_label("FAILED").check()
        expect(page.locator("#message")).to_have_text("The database is away.")
        expect(rows).to_have_count(0)
        page.get_by_role("button", name="Show more").click()
        expect(page.locator("#jobs .badge")).to_have_text(["FAILED"])


def test_an_action_cannot_be_asked_for_while_one_is_under_way(
    browser: Browser, web: Site, client: httpx.Client
) -> None:
    fail(client)
    held: list[Route] = []
    with page_of(browser, web, "/page/jobs") as page:
        page.get_by_label("Choose x.jpg").check()
        page.route("**/retry", lambda route: held.append(route))  # noqa: PLW0108 - Playwright takes no builtin
        page.get_by_role("button", name="Retry").click()
        while not held:
            page.wait_for_timeout(10)  # the browser's events are handled meanwhile
        for name in ("Retry", "Delete"):
            expect(page.get_by_role("button", name=name)).to_be_disabled()
        held[0].continue_()
        expect(page.locator("#message")).to_have_text("1 retried.")
        page.get_by_label("Choose x.jpg").check()
        expect(page.get_by_role("button", name="Delete")).to_be_enabled()


@pytest.mark.parametrize("role", ["checkbox", "link"])
def test_the_keyboard_stays_in_a_row_that_changes(
    browser: Browser, web: Site, client: httpx.Client, role: str
) -> None:
    with page_of(browser, web) as page:
        with web.frozen_worker():
            upload(client, picture())
            page.goto("/page/jobs")
            focused = page.locator("#jobs tr").get_by_role(role)  # type: ignore[arg-type]
            focused.focus()
        expect(page.locator("#jobs .badge")).to_have_text("COMPLETED", timeout=SECONDS)
        expect(focused).to_be_focused()
