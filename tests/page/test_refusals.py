"""What pages say when the service refuses what they ask, in Chromium."""

import httpx
import pytest
from playwright.sync_api import Browser, Route, expect

from page.browsing import Site, page_of, wait_for
from support.client import upload
from support.keys import Keyring
from support.pictures import picture

pytestmark = pytest.mark.browser


def test_a_page_of_what_is_no_job_says_so_and_speaks_of_no_lost_connection(
    browser: Browser, web: Site
) -> None:
    with page_of(browser, web) as page:
        with page.expect_response("**/jobs/foo/events") as refused:
            page.goto("/page/jobs/foo")
        assert refused.value.status == httpx.codes.UNPROCESSABLE_ENTITY
        page.wait_for_timeout(500)
        expect(page.locator("#message")).to_contain_text("id")
        expect(page.locator("#connection")).to_be_hidden()


def test_a_key_that_may_read_only_metrics_is_told_what_it_may_not(
    browser: Browser, web: Site, keyring: Keyring
) -> None:
    key = keyring.add("prometheus", is_metrics_only=True)["Authorization"].removeprefix("Bearer ")
    with page_of(browser, web, "/status") as page:
        page.get_by_label("The key, from `imagemill keys add`").fill(key)
        with page.expect_response(lambda answer: answer.status == httpx.codes.FORBIDDEN):
            page.get_by_role("button", name="Use this key").click()
        page.wait_for_timeout(500)
        expect(page.locator("#message")).to_contain_text("metrics")
        expect(page.locator("#connection")).to_be_hidden()


def test_a_job_that_is_deleted_elsewhere_is_told(browser: Browser, web: Site) -> None:
    held: list[Route] = []

    def hold_the_second(route: Route) -> None:
        held.append(route)
        if len(held) == 1:
            route.continue_()

    def is_held() -> bool:
        page.wait_for_timeout(20)
        return len(held) > 1

    with web.client() as client, web.frozen_worker(), page_of(browser, web) as page:
        job_id = upload(client, picture())
        page.route("**/explain", hold_the_second)
        page.goto(f"/page/jobs/{job_id}")
        wait_for(is_held, "the job is read again, for the first event of its stream", page)
        client.delete(f"/jobs/{job_id}")
        expect(page.locator("#message")).to_have_text("The job was deleted.")
        with page.expect_response("**/explain") as late:
            held[1].continue_()
        assert late.value.status == httpx.codes.NOT_FOUND
        page.wait_for_timeout(1000)  # the stream would be opened again
        expect(page.locator("#message")).to_have_text("The job was deleted.")
