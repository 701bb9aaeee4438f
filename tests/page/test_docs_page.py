"""The documentation of the API in Chromium: a form that can be sent as it stands."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from page.browsing import Site, page_of
from support.pictures import picture

pytestmark = pytest.mark.browser

UPLOAD = "#operations-upload-upload"
MAX_HEIGHT = 3000
SERIOUS = {"serious", "critical"}
PHONE = {"width": 360, "height": 740}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cat.jpg"
    path.write_bytes(picture(64, 48))
    return path


def choose(page: Page, file: Path) -> None:
    page.locator("#field-file").set_input_files(file)


def heading(page: Page, group: str) -> Locator:
    return page.locator(":is(.form, .form-headers) summary", has_text=group)


def execute(page: Page) -> tuple[int, dict[str, Any]]:
    """Return the status and the body of the response."""
    with page.expect_response("**/upload") as answered:
        page.locator(".execute").click()
    return answered.value.status, answered.value.json()


def test_a_chosen_picture_is_accepted_as_the_form_stands(
    browser: Browser, web: Site, file: Path
) -> None:
    with page_of(browser, web, "/docs") as page:
        choose(page, file)
        status, job = execute(page)
        assert (status, job["input"]["filename"]) == (httpx.codes.ACCEPTED, "cat.jpg")
        expect(page.locator(".live-responses-table .response-col_status").last).to_contain_text(
            "202"
        )


def test_only_fields_with_a_value_are_sent(browser: Browser, web: Site, file: Path) -> None:
    with page_of(browser, web, "/docs") as page:
        choose(page, file)
        page.get_by_label("width", exact=True).fill("32")
        page.get_by_label("format", exact=True).select_option("webp")
        heading(page, "Job").click()
        page.get_by_label("metadata", exact=True).fill('{"album": "42"}')
        _, job = execute(page)
    assert job["pipeline"]["outputs"] == [{"name": "image", "width": 32, "format": "webp"}]
    assert job["metadata"] == {"album": "42"}


def test_a_header_below_the_form_is_sent(browser: Browser, web: Site, file: Path) -> None:
    with page_of(browser, web, "/docs") as page:
        choose(page, file)
        heading(page, "Headers").click()
        page.get_by_placeholder("Prefer").fill("wait=20")
        status, job = execute(page)
    assert (status, job["status"]) == (httpx.codes.OK, "COMPLETED")


def test_reset_empties_the_form(browser: Browser, web: Site, file: Path) -> None:
    with page_of(browser, web, "/docs") as page:
        choose(page, file)
        page.get_by_label("width", exact=True).fill("32")
        page.get_by_role("button", name="Reset").first.click()
        expect(page.get_by_label("width", exact=True)).to_have_value("")
        expect(page.locator("#field-file")).to_have_value("")


def test_a_form_without_a_picture_says_so(browser: Browser, web: Site) -> None:
    with page_of(browser, web, "/docs") as page:
        page.locator(".execute").click()
        expect(page.get_by_role("alert")).to_have_text("Required field is not provided.")


def test_the_upload_is_short_and_begins_with_the_file(browser: Browser, web: Site) -> None:
    with page_of(browser, web, "/docs", viewport={"width": 1280, "height": 900}) as page:
        first = page.locator(f"{UPLOAD} :is(input, select)").locator("visible=true").first
        expect(first).to_have_attribute("type", "file")
        height = page.locator(UPLOAD).evaluate("block => block.getBoundingClientRect().height")
    assert height < MAX_HEIGHT


def test_a_group_opens_by_keyboard(browser: Browser, web: Site) -> None:
    with page_of(browser, web, "/docs") as page:
        summary = heading(page, "Turn and crop")
        row = summary.locator("xpath=..").locator(".form-row").first
        expect(row).to_be_hidden()
        summary.focus()
        page.keyboard.press("Enter")
        expect(row).to_be_visible()


def test_it_fits_on_a_phone(browser: Browser, web: Site) -> None:
    with page_of(browser, web, "/docs", viewport=PHONE, has_touch=True, is_mobile=True) as page:
        expect(page.locator("#field-file")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault_in_the_form(browser: Browser, web: Site, scheme: str) -> None:
    with page_of(browser, web, "/docs", color_scheme=scheme) as page:
        expect(page.locator("#field-file")).to_be_visible()
        # Colours that still change have a contrast of their own.
        page.evaluate("Promise.all(document.getAnimations().map(one => one.finished))")
        results = Axe().run(page, context=".form")
    faults = [one for one in results.response["violations"] if one["impact"] in SERIOUS]
    assert faults == [], results.generate_report()
