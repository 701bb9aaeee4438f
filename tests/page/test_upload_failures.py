"""Requests and files that fail on the upload page: what is told, kept, and tried again."""

import json
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from playwright.sync_api import Browser, Route, expect

from page.browsing import Site, page_of, wait_for
from page.upload_list import NAMES, choose, expect_completed, item
from support.pictures import picture

pytestmark = pytest.mark.browser

BUSY = {"type": "/problems/too-many-requests", "title": "Too Many Requests", "status": 429}


def refuse(route: Route) -> None:
    body = json.dumps(BUSY | {"detail": "There were too many requests."})
    route.fulfill(status=429, body=body, content_type="application/problem+json")


def count_jobs(web: Site) -> int:
    with web.client() as client:
        return len(client.get("/jobs").json()["jobs"])


def test_an_upload_whose_job_cannot_be_read_is_followed_by_its_events(
    browser: Browser, web: Site, files: list[Path]
) -> None:
    with page_of(browser, web) as page:
        page.route("**/jobs/*", refuse)
        choose(page, files[0])
        expect_completed(page, "one.jpg")
        expect(page.get_by_role("button", name="Try again: one.jpg")).to_have_count(0)
    assert count_jobs(web) == 1


def test_a_gateway_time_out_of_a_proxy_is_tried_again(
    browser: Browser, web: Site, files: list[Path]
) -> None:
    with page_of(browser, web) as page:
        page.route("**/upload", lambda route: route.fulfill(status=504), times=1)
        choose(page, files[0])
        expect(item(page, "one.jpg")).to_contain_text("The service answered 504.")
        expect_completed(page, "one.jpg")


def test_a_file_that_is_gone_before_it_is_sent_fails_and_holds_up_no_other(
    browser: Browser, web: Site, files: list[Path], tmp_path: Path
) -> None:
    gone = [tmp_path / f"gone-{number}.jpg" for number in range(3)]
    for file in gone:
        file.write_bytes(picture())
    with page_of(browser, web) as page:
        page.route("**/upload", lambda route: route.abort())
        choose(page, *gone)
        expect(item(page, "gone-2.jpg")).to_contain_text("sent again in a moment")
        for file in gone:
            file.unlink()
        for file in gone:
            expect(item(page, file.name)).to_contain_text("The file cannot be read")
        page.unroute("**/upload")
        choose(page, files[0])
        expect_completed(page, "one.jpg")


def test_a_list_that_is_cleared_sends_nothing_more(
    browser: Browser, web: Site, files: list[Path]
) -> None:
    with page_of(browser, web) as page:
        page.route("**/upload", refuse)
        choose(page, *files)
        expect(item(page, "one.jpg")).to_contain_text("sent again in a moment")
        asked: list[str] = []
        page.on("dialog", lambda dialog: asked.append(dialog.message))
        page.get_by_role("button", name="Clear the list").click()
        assert asked == ["Some pictures are not sent yet. They will not be sent."]
        page.unroute("**/upload")
        page.wait_for_timeout(3000)  # longer than the pause before the second try
    assert count_jobs(web) == 0


def test_a_reload_asks_before_it_loses_files(
    browser: Browser, web: Site, files: list[Path]
) -> None:
    with page_of(browser, web) as page:
        asked: list[str] = []
        page.on("dialog", lambda dialog: asked.append(dialog.type))
        page.get_by_role("heading", level=1).click()  # a page nobody has touched may not ask
        page.reload()
        page.get_by_role("heading", level=1).click()
        page.route("**/upload", refuse)
        choose(page, files[0])
        expect(item(page, "one.jpg")).to_contain_text("sent again in a moment")
        page.reload()
        assert asked == ["beforeunload"]


def test_jobs_that_cannot_be_read_after_a_reload_are_shown_later(
    browser: Browser, web: Site, files: list[Path]
) -> None:
    with page_of(browser, web) as page:
        choose(page, *files)
        expect_completed(page, *NAMES)
        page.route("**/jobs/*", refuse)
        page.reload()
        expect(page.locator("#message")).to_have_text(
            "Earlier pictures cannot be shown yet. There were too many requests."
        )
        page.unroute("**/jobs/*")
        expect_completed(page, *NAMES)
        expect(page.locator("#message")).to_have_text("")


def test_a_zip_without_what_could_not_be_read_says_so(
    browser: Browser, web: Site, files: list[Path], tmp_path: Path
) -> None:
    with page_of(browser, web) as page:
        choose(page, *files)
        expect_completed(page, *NAMES)
        page.route("**/outputs/*", refuse, times=1)
        with page.expect_download() as download:
            page.get_by_role("button", name="Download all as ZIP").click()
        expect(page.locator("#message")).to_have_text(
            "1 of 3 could not be read. There were too many requests."
        )
        download.value.save_as(tmp_path / "all.zip")
    with ZipFile(BytesIO((tmp_path / "all.zip").read_bytes())) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == 2


def test_no_two_names_in_a_zip_are_one_file_where_case_does_not_count(
    browser: Browser, web: Site
) -> None:
    script = """async () => {
        const { makeUnique } = await import("/page/js/upload/zip.js");
        return makeUnique(["A.webp", "a.webp", "a-2.webp", "\\u00e9.jpg", "e\\u0301.jpg"]);
    }"""
    with page_of(browser, web) as page:
        assert page.evaluate(script) == [
            "A.webp", "a-2.webp", "a-2-2.webp", "\u00e9.jpg", "e\u0301-2.jpg",
        ]  # fmt: skip


def test_only_previews_near_the_screen_hold_a_picture(
    browser: Browser, web: Site, tmp_path: Path
) -> None:
    many = [tmp_path / f"picture-{number:02}.jpg" for number in range(30)]
    for file in many:
        file.write_bytes(picture())
    with page_of(browser, web, viewport={"width": 800, "height": 600}) as page:
        choose(page, *many)
        expect(page.locator("#totals")).to_contain_text("30 of 30 done")
        shown = page.locator(".preview[src]")
        wait_for(lambda: 0 < shown.count() < 20, "some previews are shown", page)
        last = page.locator(".preview").last
        assert last.get_attribute("src") is None
        last.scroll_into_view_if_needed()
        wait_for(
            lambda: bool(last.evaluate("(image) => image.naturalWidth > 0")),
            "the preview is shown",
            page,
        )


def test_a_field_that_is_wrong_is_shown_though_the_form_was_closed(
    browser: Browser, web: Site, files: list[Path]
) -> None:
    with page_of(browser, web) as page:
        page.get_by_label("Width").fill("0")
        page.locator("#options > summary").click()
        expect(page.get_by_label("Width")).to_be_hidden()
        choose(page, files[0])
        expect(page.get_by_label("Width")).to_be_visible()
        expect(page.get_by_label("Width")).to_be_focused()
        assert page.locator(".item").count() == 0
