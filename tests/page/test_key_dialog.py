"""The dialog that asks for the API key, in Chromium: when it comes, and what becomes of the key."""

from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from page.browsing import Site, page_of
from page.upload_list import SECONDS, choose
from support.client import upload, wait_for_end
from support.keys import Keyring
from support.pictures import picture

pytestmark = pytest.mark.browser

UNAUTHORIZED = {"status": httpx.codes.UNAUTHORIZED, "json": {"detail": "The key was revoked."}}


@pytest.fixture
def key(keyring: Keyring) -> str:
    return keyring.add("someone")["Authorization"].removeprefix("Bearer ")


def give(page: Page, key: str) -> None:
    page.get_by_label("The key, from `imagemill keys add`").fill(key)
    page.get_by_role("button", name="Use this key").click()


def decline(page: Page) -> None:
    page.get_by_role("button", name="Not now").click()
    expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.usefixtures("key")
def test_a_page_that_asks_again_by_itself_leaves_who_declined_alone(
    browser: Browser, web: Site
) -> None:
    with page_of(browser, web, "/status") as page:
        decline(page)
        for _ in range(2):  # the numbers are read every five seconds
            page.wait_for_event("requestfinished", lambda request: "/workers" in request.url)
        expect(page.locator("#message")).to_contain_text("key")
        expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.usefixtures("key")
def test_who_declines_is_asked_once_for_all_files(
    browser: Browser, web: Site, files: list[Path]
) -> None:
    with page_of(browser, web) as page:
        decline(page)
        choose(page, *files * 3)
        decline(page)
        expect(page.locator(".item .badge.failed")).to_have_count(9, timeout=SECONDS)
        page.get_by_role("button", name="Try again: one.jpg").first.click()
        expect(page.get_by_role("dialog")).to_be_visible()


def test_an_answer_to_an_earlier_key_does_not_remove_the_new_one(
    browser: Browser, web: Site, keyring: Keyring, key: str
) -> None:
    newer = keyring.add("newer", is_admin=True)["Authorization"].removeprefix("Bearer ")
    held: list[Route] = []
    with web.client() as client, page_of(browser, web, "/page/jobs") as page:
        client.headers["Authorization"] = f"Bearer {key}"
        wait_for_end(client, upload(client, picture(640, 480)[:2000]))
        give(page, key)
        page.get_by_role("button", name="Show the newest").click()
        page.get_by_label("Choose x.jpg").check()
        page.route("**/retry", lambda route: held.append(route), times=1)  # noqa: PLW0108 - Playwright takes no builtin
        page.get_by_role("button", name="Retry").click()
        while not held:
            page.wait_for_timeout(10)  # the browser's events are handled meanwhile
        page.evaluate("key => sessionStorage.setItem('imagemill.key', key)", newer)
        held[0].fulfill(**UNAUTHORIZED)  # type: ignore[arg-type]
        expect(page.locator("#message")).to_have_text("1 retried.")
        assert page.evaluate("sessionStorage.getItem('imagemill.key')") == newer


def test_a_key_with_a_sign_that_no_header_can_carry_is_not_taken(
    browser: Browser, web: Site, key: str
) -> None:
    with page_of(browser, web, "/page/jobs") as page:
        give(page, f"\u201c{key}\u201d")
        field = page.get_by_label("The key, from `imagemill keys add`")
        assert field.evaluate("field => field.validity.patternMismatch")
        assert page.evaluate("sessionStorage.length") == 0
        give(page, f" {key} ")
        expect(page.locator("#message")).to_have_text("There are no such jobs.")
