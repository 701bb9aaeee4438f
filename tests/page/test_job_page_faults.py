"""A job's page in Chromium, when files are gone, requests fail, or the keyboard is in use."""

import re

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from page.browsing import Site, page_of
from page.upload_list import SECONDS
from support.client import storage_of, upload, wait_for_end
from support.pictures import picture
from support.receiver import always, receiving

pytestmark = pytest.mark.browser

AWAY = {"status": httpx.codes.SERVICE_UNAVAILABLE, "json": {"detail": "The storage is away."}}


def complete(client: httpx.Client) -> str:
    wait_for_end(client, job_id := upload(client, picture()))
    return job_id


def delete_files(web: Site, folder: str) -> None:
    for file in (storage_of(web.environment) / folder).rglob("*.*"):
        file.unlink()


def open_job(page: Page, job_id: str) -> None:
    page.goto(f"/page/jobs/{job_id}")


def test_a_result_is_shown_without_the_input_and_what_is_gone_is_named(
    browser: Browser, web: Site, client: httpx.Client
) -> None:
    job_id = complete(client)
    delete_files(web, "inputs")
    with page_of(browser, web, f"/page/jobs/{job_id}") as page:
        expect(page.get_by_alt_text("image, the result")).to_be_visible()
        expect(page.locator("#outputs")).to_contain_text("The input is gone.")
    delete_files(web, "outputs")
    with page_of(browser, web, f"/page/jobs/{job_id}") as page:  # one that has nothing in its cache
        expect(page.locator("#outputs")).to_contain_text("The files are gone.")
        expect(page.locator("#outputs img")).to_have_count(0)


def test_pictures_that_cannot_be_read_now_are_not_called_gone(
    browser: Browser, web: Site, client: httpx.Client
) -> None:
    job_id = complete(client)
    with page_of(browser, web) as page:
        page.route("**/outputs/*", lambda route: route.fulfill(**AWAY), times=1)
        open_job(page, job_id)
        expect(page.locator("#outputs")).to_contain_text("The storage is away.")
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_role("slider")).to_be_visible()


def test_the_keyboard_stays_where_it_is_when_the_job_changes(
    browser: Browser, web: Site, client: httpx.Client
) -> None:
    with page_of(browser, web) as page:
        with web.frozen_worker():
            job_id = upload(client, picture())
            open_job(page, job_id)
            page.get_by_role("button", name="Delete").focus()
            expect(page.locator("#title .badge")).to_have_text("PENDING")
        expect(page.locator("#title .badge")).to_have_text("COMPLETED", timeout=SECONDS)
        expect(page.get_by_role("button", name="Delete")).to_be_focused()


def test_a_webhook_is_followed_beyond_a_failed_request(
    browser: Browser, web: Site, client: httpx.Client
) -> None:
    with receiving(always(500)) as receiver, page_of(browser, web) as page:
        job_id = upload(client, picture(), callback_url=receiver.url)
        wait_for_end(client, job_id)
        receiver.next()
        with page.expect_response(lambda answer: answer.status == httpx.codes.NO_CONTENT):
            open_job(page, job_id)  # nothing but the webhook is followed after this
        rows = page.locator("#deliveries tbody tr")
        expect(rows).to_have_count(1)
        page.route("**/deliveries", lambda route: route.fulfill(**AWAY), times=1)
        expect(page.locator("#message")).to_have_text("The storage is away.", timeout=SECONDS)
        expect(page.locator("#message")).to_have_text("", timeout=SECONDS)


def test_a_job_that_could_not_be_read_is_read_again(
    browser: Browser, web: Site, client: httpx.Client
) -> None:
    job_id = complete(client)
    with page_of(browser, web) as page:
        page.route("**/explain", lambda route: route.fulfill(**AWAY), times=2)
        open_job(page, job_id)
        expect(page.locator("#message")).to_have_text("The storage is away.")
        expect(page.locator("#title .badge")).to_have_text("COMPLETED", timeout=SECONDS)
        expect(page.locator("#message")).to_have_text("")


def test_a_long_name_breaks_and_turns_nothing_around(
    browser: Browser, web: Site, client: httpx.Client
) -> None:
    name = "\u202e" + "n" * 248 + ".jpg"
    answer = client.post("/upload", files={"file": (name, picture())})
    job_id = answer.json()["id"]
    wait_for_end(client, job_id)
    phone = {"width": 360, "height": 740}
    with page_of(
        browser, web, f"/page/jobs/{job_id}", viewport=phone, has_touch=True, is_mobile=True
    ) as page:
        expect(page.locator("#title bdi")).to_contain_text("nnn")
        expect(page.locator("#history .badge")).to_have_count(3)
        assert page.evaluate("document.documentElement.scrollWidth") <= phone["width"]
        assert re.fullmatch(r"\S+ COMPLETED", page.locator("#title").inner_text())
