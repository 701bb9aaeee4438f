"""The list of pictures on the upload page."""

from pathlib import Path

from playwright.sync_api import Locator, Page, expect

SECONDS = 30_000
NAMES = ("one.jpg", "two.jpg", "three.jpg")


def item(page: Page, name: str) -> Locator:
    return page.locator(".item").filter(has_text=name)


def choose(page: Page, *files: Path) -> None:
    page.set_input_files("#files", [*files])


def expect_completed(page: Page, *names: str) -> None:
    for name in names:
        expect(item(page, name).locator(".badge")).to_have_text("COMPLETED", timeout=SECONDS)
