"""Pictures of the pages in each state, light and dark, for docs/images.

    python -m page.screenshots FOLDER      (make screenshots)

They are of a real service with real jobs, drawn by the demo's picture and a damaged one.
"""

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.async_api import Browser, Page, async_playwright

from imagemill.embedded.ports import find_free_port
from imagemill.embedded.stack import run_stack
from imagemill.imaging.drawing import draw_picture
from support.chromium import browser_environment, find_browser

DESKTOP: Final = {"width": 1040, "height": 760}
PHONE: Final = {"width": 390, "height": 760}
QUALITY: Final = 70


async def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        files = make_files(Path(name))
        settings = {"LOG_LEVEL": "warning"}
        async with (
            run_stack(Path(name) / "data", "127.0.0.1", find_free_port(), settings) as stack,
            async_playwright() as playwright,
        ):
            browser = await playwright.chromium.launch(
                executable_path=find_browser(), args=["--no-sandbox"], env={**browser_environment()}
            )
            for scheme in ("light", "dark"):
                await take_all(browser, stack.url, files, scheme, folder)
            await browser.close()


def make_files(folder: Path) -> list[str]:
    """Write a landscape, a part of it and a damaged copy; return their paths."""
    landscape = folder / "landscape.jpg"
    draw_picture(landscape)
    with Image.open(landscape) as image:
        image.crop((400, 200, 1600, 1400)).save(folder / "sunset.png")
    (folder / "damaged.jpg").write_bytes(landscape.read_bytes()[:20_000])
    return [str(folder / name) for name in ("damaged.jpg", "sunset.png", "landscape.jpg")]


async def take_all(browser: Browser, url: str, files: list[str], scheme: str, to: Path) -> None:
    async def visit(
        name: str, path: str, prepare: Callable[[Page], Awaitable[None]], viewport: dict[str, int]
    ) -> None:
        context = await browser.new_context(color_scheme=scheme, viewport=viewport)  # type: ignore[arg-type]
        page = await context.new_page()
        await page.goto(url + path)
        await prepare(page)
        await page.wait_for_timeout(700)
        await save(page, to / f"{name}-{scheme}.webp")
        await context.close()

    async def upload(page: Page) -> None:
        await page.set_input_files("#files", files)
        await page.locator(".badge.completed").nth(1).wait_for()
        await page.locator(".badge.failed").wait_for()

    async def compare(page: Page) -> None:
        await upload(page)
        await page.get_by_role("button", name="Compare: landscape.jpg").click()
        await page.get_by_role("slider").wait_for()
        await page.locator(".compare").scroll_into_view_if_needed()

    async def nothing(page: Page) -> None:
        await page.wait_for_load_state("load")

    async def open_first(page: Page) -> None:
        await page.locator("#jobs a").first.click()
        await page.get_by_role("slider").wait_for()

    async def fill_form(page: Page) -> None:
        await page.set_input_files("#field-file", files[-1])
        await page.locator("#operations-upload-upload").evaluate("one => one.scrollIntoView()")

    await visit("empty", "/", nothing, DESKTOP)
    await visit("upload", "/", upload, DESKTOP)
    await visit("compare", "/", compare, DESKTOP)
    await visit("phone", "/", upload, PHONE)
    await visit("jobs", "/page/jobs", nothing, DESKTOP)
    await visit("job", "/page/jobs", open_first, DESKTOP)
    await visit("status", "/status", nothing, DESKTOP)
    await visit("docs", "/docs", fill_form, DESKTOP)


async def save(page: Page, file: Path) -> None:
    with Image.open(BytesIO(await page.screenshot())) as image:
        image.convert("RGB").save(file, "WEBP", quality=QUALITY, method=6)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
