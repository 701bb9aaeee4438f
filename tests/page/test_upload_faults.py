"""The upload page in Chromium, when files, connections or keys are not as they should be."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect

from page.browsing import Site, page_of
from page.upload_list import NAMES, SECONDS, choose, expect_completed, item
from support.keys import Keyring
from support.pictures import picture
from support.proxy import OPEN, STALLED, Proxy

pytestmark = pytest.mark.browser


HOSTILE = "<img src=x onerror=alert(1)>.jpg"


def test_an_answer_that_comes_late_does_not_undo_the_end_of_a_job(
    browser: Browser, web: Site, files: list[Path]
) -> None:
    earlier = {"status": "PENDING", "outputs": [], "updated_at": "2026-01-01T00:00:00Z"}
    held: list[Route] = []
    with page_of(browser, web) as page:
        page.route("**/jobs/*", lambda route: held.append(route))  # noqa: PLW0108 - Playwright takes no builtin
        choose(page, files[0])
        expect_completed(page, "one.jpg")  # by its event
        (route,) = held
        answer = route.fetch()
        with page.expect_response("**/jobs/*") as late:
            route.fulfill(response=answer, json=answer.json() | earlier)
        late.value.finished()
        page.evaluate("new Promise((resolve) => setTimeout(resolve))")
        assert item(page, "one.jpg").locator(".badge").inner_text() == "COMPLETED"


def test_a_file_that_is_no_picture_shows_the_reason(
    browser: Browser, web: Site, tmp_path: Path
) -> None:
    bad, broken = tmp_path / "bad.jpg", tmp_path / "broken.jpg"
    bad.write_bytes(b"no picture at all")
    broken.write_bytes(picture(640, 480)[:2000])
    with page_of(browser, web) as page:
        choose(page, bad, broken)
        expect(item(page, "bad.jpg").locator(".facts")).to_contain_text(
            "not in a supported format", timeout=SECONDS
        )
        expect(page.get_by_role("button", name="Try again: bad.jpg")).to_be_visible()
        expect(item(page, "broken.jpg").locator(".facts")).to_contain_text(
            "The picture cannot be decoded", timeout=SECONDS
        )
        expect(page.locator("#totals")).to_have_text("0 of 2 done · 2 failed or canceled")
        page.get_by_role("button", name="Retry: broken.jpg").click()
        expect(item(page, "broken.jpg").locator(".badge")).to_have_text("FAILED", timeout=SECONDS)


def test_hostile_names_are_text(browser: Browser, web: Site, tmp_path: Path) -> None:
    file = tmp_path / HOSTILE
    file.write_bytes(picture())
    with page_of(browser, web) as page:
        choose(page, file)
        expect_completed(page, HOSTILE)
        page.get_by_role("link", name="Details").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text(HOSTILE)
        page.goto("/page/jobs")
        expect(page.get_by_role("link", name=HOSTILE)).to_be_visible()
        assert page.locator("img[src=x]").count() == 0


def test_a_reload_shows_the_same_jobs(browser: Browser, web: Site, files: list[Path]) -> None:
    with page_of(browser, web) as page:
        choose(page, *files)
        expect_completed(page, *NAMES)
        page.reload()
        expect_completed(page, *NAMES)
        page.get_by_role("button", name="Clear the list").click()
        page.reload()
        page.wait_for_timeout(300)
        assert page.locator(".item").count() == 0


def test_a_server_that_restarts_loses_no_upload(
    browser: Browser, web: Site, files: list[Path]
) -> None:
    with page_of(browser, web) as page:
        choose(page, files[0])
        expect_completed(page, "one.jpg")
        web.stop()
        expect(page.locator("#connection")).to_be_visible(timeout=SECONDS)
        choose(page, files[1])
        expect(item(page, "two.jpg")).to_contain_text("sent again in a moment")
        web.start()
        expect_completed(page, "two.jpg")
        expect(page.locator("#connection")).to_be_hidden(timeout=SECONDS)
        choose(page, files[2])
        expect_completed(page, "three.jpg")


def test_a_connection_that_died_unnoticed_is_told_and_made_again(
    browser: Browser, web: Site, files: list[Path]
) -> None:
    with (
        Proxy.to("127.0.0.1", web.port) as proxy,
        page_of(browser, web, f"http://127.0.0.1:{proxy.port}/") as page,
    ):
        page.clock.install()
        page.reload()
        choose(page, files[0])
        expect_completed(page, "one.jpg")
        proxy.become(STALLED)
        page.clock.fast_forward(60_000)
        expect(page.locator("#connection")).to_be_visible()
        proxy.become(OPEN)
        page.clock.fast_forward(60_000)
        expect(page.locator("#connection")).to_be_hidden()


def test_a_key_is_asked_for_and_kept_for_the_session_alone(
    browser: Browser, web: Site, keyring: Keyring, files: list[Path]
) -> None:
    key = keyring.add("someone")["Authorization"].removeprefix("Bearer ")
    with page_of(browser, web) as page:
        field = page.get_by_label("The key, from `imagemill keys add`")
        field.fill("wrong")
        page.get_by_role("button", name="Use this key").click()
        expect(page.get_by_role("dialog")).to_contain_text("unknown or revoked")
        field.fill(key)
        page.get_by_role("button", name="Use this key").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        choose(page, files[0])
        expect_completed(page, "one.jpg")
        page.get_by_role("button", name="Compare: one.jpg").click()
        expect(page.get_by_role("slider")).to_be_visible()
        assert page.evaluate("localStorage.length") == 0
        assert key not in page.evaluate("document.cookie")


def test_who_gives_the_key_only_for_an_upload_sees_its_end_too(
    browser: Browser, web: Site, keyring: Keyring, files: list[Path]
) -> None:
    key = keyring.add("someone")["Authorization"].removeprefix("Bearer ")
    with page_of(browser, web) as page:
        page.get_by_role("button", name="Not now").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        choose(page, files[0])
        page.get_by_label("The key, from `imagemill keys add`").fill(key)
        page.get_by_role("button", name="Use this key").click()
        expect_completed(page, "one.jpg")
