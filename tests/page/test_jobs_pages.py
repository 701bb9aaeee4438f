"""The list of jobs, a job's page and the status in Chromium."""

import re
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import APIResponse, Browser, Route, expect

from imagemill.settings.addresses import PostgresAddress
from page.browsing import Site, page_of
from support.client import upload, wait_for_end
from support.pictures import picture
from support.receiver import always, receiving
from support.servers import connect

pytestmark = pytest.mark.browser

SECONDS = 30_000
PAGES = ["/", "/page/jobs", "/status"]
PHONE = {"width": 360, "height": 740}


def add_jobs(address: PostgresAddress, like: str, count: int) -> None:
    """Add ended jobs that are like this one, a second apart."""
    with connect(address) as connection:
        columns = [
            name
            for (name,) in connection.execute(
                "SELECT column_name FROM information_schema.columns WHERE table_name = 'jobs'"
                " AND is_generated = 'NEVER'"
            ).fetchall()
        ]
        values = [{"id": "uuidv7()"}.get(name, name) for name in columns]
        connection.execute(
            f"INSERT INTO jobs ({', '.join(columns)}) SELECT {', '.join(values)}"  # noqa: S608
            " FROM jobs, generate_series(1, %s) WHERE id = %s",
            (count, like),
        )


def test_a_thousand_jobs_are_listed_as_the_reader_scrolls(
    browser: Browser, web: Site, postgres_address: PostgresAddress
) -> None:
    with web.client() as client:
        wait_for_end(client, job_id := upload(client, picture()))
    add_jobs(postgres_address, job_id, 1000)
    with page_of(browser, web, "/page/jobs") as page:
        rows = page.locator("#jobs tr")
        expect(rows.nth(50)).to_be_attached(timeout=SECONDS)
        assert rows.count() < 1001
        for _ in range(200):
            if rows.count() == 1001:
                break
            page.mouse.wheel(0, 5000)
            page.wait_for_timeout(50)
        expect(rows).to_have_count(1001)
        expect(page.get_by_role("button", name="Show more")).to_be_hidden()


def test_filters_live_in_the_address_and_actions_are_for_many(browser: Browser, web: Site) -> None:
    with web.client() as client:
        for data in (picture(), picture(), picture(640, 480)[:2000]):
            wait_for_end(client, upload(client, data))
    with page_of(browser, web, "/page/jobs") as page:
        rows = page.locator("#jobs tr")
        expect(rows).to_have_count(3)
        columns = [head.bounding_box() for head in page.locator("th").all()]
        page.get_by_label("FAILED").check()
        expect(rows).to_have_count(1)
        assert [head.bounding_box() for head in page.locator("th").all()] == columns
        assert page.url.endswith("/page/jobs?status=FAILED")
        page.reload()
        expect(rows).to_have_count(1)
        expect(page.get_by_label("FAILED")).to_be_checked()
        page.get_by_label("All that are shown").check()
        page.get_by_role("button", name="Retry").click()
        expect(page.locator("#message")).to_have_text("1 retried.")
        page.go_back()
        expect(rows).to_have_count(3)
        page.get_by_label("All that are shown").check()
        page.get_by_role("button", name="Delete").click()
        expect(rows).to_have_count(0)
        expect(page.locator("#message")).to_have_text("3 deleted.")


def test_a_job_has_its_history_and_its_webhooks(browser: Browser, web: Site) -> None:
    with receiving(always(204)) as receiver, web.client() as client:
        job_id = upload(client, picture(), callback_url=receiver.url)
        wait_for_end(client, job_id)
        with page_of(browser, web, f"/page/jobs/{job_id}") as page:
            statuses = page.locator("#history .badge")
            expect(statuses).to_have_text(["PENDING", "PROCESSING", "COMPLETED"])
            expect(page.locator("#explanation")).to_contain_text("It was completed")
            expect(page.get_by_role("slider")).to_be_visible()
            expect(page.locator("#deliveries")).to_contain_text("job.completed")
            receiver.next()
            expect(page.locator("#deliveries tbody")).to_contain_text("DELIVERED", timeout=SECONDS)
            again = page.get_by_role("button", name="Send again")
            again.click()
            receiver.next()
            tries = page.locator("#deliveries tbody td").nth(3)
            expect(tries).to_have_text("2", timeout=SECONDS)
            expect(again).to_be_focused()
            expect(page.locator("#connection")).to_be_hidden()


def test_a_job_that_is_tried_again_is_followed_to_its_end(browser: Browser, web: Site) -> None:
    with web.client() as client:
        wait_for_end(client, job_id := upload(client, picture(640, 480)[:2000]))
        with page_of(browser, web) as page:
            # The stream of an ended job ends, and there is nothing more to follow.
            with page.expect_response(lambda answer: answer.status == httpx.codes.NO_CONTENT):
                page.goto(f"/page/jobs/{job_id}")
            status = page.locator("#title .badge")
            with web.frozen_worker():
                page.get_by_role("button", name="Retry").click()
                expect(status).to_have_text("PENDING")
            expect(page.locator("#history .badge")).to_have_text(
                ["PENDING", "PROCESSING", "FAILED"] * 2, timeout=SECONDS
            )
            expect(status).to_have_text("FAILED")


def test_a_row_shows_the_latest_state_whichever_answer_comes_last(
    browser: Browser, web: Site
) -> None:
    held: list[tuple[Route, APIResponse]] = []
    with web.client() as client, page_of(browser, web) as page:
        wait_for_end(client, job_id := upload(client, picture(640, 480)[:2000]))
        page.route("**/retry", lambda route, _: held.append((route, route.fetch())))
        page.goto("/page/jobs")
        page.get_by_label("Choose x.jpg").check()
        page.get_by_role("button", name="Retry").click()
        while not held:
            page.wait_for_timeout(10)  # the browser's events are handled meanwhile
        wait_for_end(client, job_id)
        page.wait_for_timeout(500)  # the event of its end comes
        route, answer = held[0]
        route.fulfill(response=answer)
        expect(page.locator("#message")).to_have_text("1 retried.")
        expect(page.locator("#jobs .badge")).to_have_text("FAILED")


def test_the_status_shows_workers_jobs_and_failures(browser: Browser, web: Site) -> None:
    with web.client() as client:
        wait_for_end(client, upload(client, picture()))
        wait_for_end(client, upload(client, picture(640, 480)[:2000]))
    with page_of(browser, web, "/status") as page:
        expect(page.locator("#failures")).to_contain_text("invalid_image", timeout=SECONDS)
        expect(page.locator("#chart")).to_contain_text("1 completed")
        expect(page.locator("#health")).to_contain_text("PostgreSQL")
        expect(page.locator("#health .good")).not_to_have_count(0)
        expect(page.locator("#workers tbody tr")).not_to_have_count(0, timeout=SECONDS)
        expect(page.locator("#jobs")).to_contain_text("Storage free")
        assert re.search(r"\d+ (GiB|TiB|MiB)", page.locator("#jobs").inner_text())


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_wider_than_a_phone(browser: Browser, web: Site, path: str) -> None:
    with web.client() as client:
        wait_for_end(client, upload(client, picture()))
    with page_of(browser, web, path, viewport=PHONE, has_touch=True, is_mobile=True) as page:
        page.wait_for_timeout(500)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault(browser: Browser, web: Site, scheme: str, tmp_path: Path) -> None:
    file = tmp_path / "one.jpg"
    file.write_bytes(picture(640, 480))
    with web.client() as client:
        wait_for_end(client, job_id := upload(client, picture()))
    with page_of(browser, web, color_scheme=scheme) as page:
        page.set_input_files("#files", file)
        expect(page.locator(".badge.completed")).to_be_visible(timeout=SECONDS)
        page.get_by_role("button", name="Compare: one.jpg").click()
        expect(page.get_by_role("slider")).to_be_visible()
        found = {"/": Axe().run(page)}
        for path in (*PAGES[1:], f"/page/jobs/{job_id}"):
            page.goto(path)
            page.wait_for_timeout(500)
            found[path] = Axe().run(page)
    for path, results in found.items():
        assert results.violations_count == 0, f"{path}: {results.generate_report()}"


def test_pages_ask_no_other_host(browser: Browser, web: Site) -> None:
    asked: list[str] = []
    with page_of(browser, web) as page:
        page.on("request", lambda request: asked.append(request.url))
        for path in PAGES:
            page.goto(path)
            page.wait_for_timeout(500)
    assert asked
    assert [one for one in asked if not one.startswith((web.url, "blob:"))] == []
